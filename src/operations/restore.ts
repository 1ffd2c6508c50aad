/** Restores snapshots: to another place, or in place after an explicit decision. */

import { hasCode, SuretyError } from '../base/errors.ts';
import type { Snapshot } from '../engines/engine.ts';
import type { SourceTraits, Warning, WriteReport } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, type StepResult, worstOutcome } from './events.ts';
import type { RestoreItem } from './handles.ts';
import { findOwnedFiles, type OwnedFiles } from './restore/owned-files.ts';
import { doingOf, type Prepared, type PrepareRequest, prepareRestore, silent } from './restore/prepare-restore.ts';
import { type JournalHow, keepRestore, stateAfter } from './restore/restore-journal.ts';
import { writeFromCopies } from './restore/write-copies.ts';
import type { Conflict } from './restore/write-item.ts';
import { runStep } from './step.ts';

export type { RestoreItem } from './handles.ts';
export type { Conflict } from './restore/write-item.ts';

/**
 * Whether what stands at the target may be replaced. `confirmed` is somebody's explicit word: a typed `yes` or
 * `--force`. It answers the question only; every check is made all the same.
 */
export type Decision = 'replace-nothing' | 'confirmed';

export interface RestoreRequest extends PrepareRequest {
  readonly runId: string;
  /** One snapshot, or the members of a recovery point in the order they are restored. */
  readonly items: readonly RestoreItem[];
  /** Members of the same point that were restored before: what is theirs is left alone. */
  readonly done?: readonly RestoreItem[];
  readonly decision: Decision;
  /** Undefined: what fails can not be continued. */
  readonly journal?: JournalHow | undefined;
}

export interface RestoredItem {
  readonly source: string;
  readonly kind: string;
  /** True when it goes into a running server, not to paths. */
  readonly intoServer: boolean;
  /** The host that is written to, where that is not this machine. */
  readonly host?: string | undefined;
  readonly repository: string;
  readonly snapshot: Snapshot;
  readonly outcome: Outcome;
  readonly report: WriteReport | undefined;
  readonly warningCount: number;
  readonly warnings: readonly Warning[];
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface RestoreReport {
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  /** Undefined: the original place. */
  readonly target: string | undefined;
  readonly conflict: Conflict;
  /** How databases went into their server. */
  readonly server: RestoreRequest['server'];
  readonly items: readonly RestoredItem[];
  /** True when something is left to do that `restore --resume` does. */
  readonly resumable: boolean;
}

/**
 * Restores every item. Before anything is written, it is checked that the target takes them all and has the room and, in place,
 * that a repository has them all. After that, a failure of one item does not stop the others; it is in the report, and the
 * journal remembers what is left to do. Throws `restore.unconfirmed` where something could be replaced and nobody said so, and
 * what the checks found.
 */
export async function restore(request: RestoreRequest, how: OperationHow): Promise<RestoreReport> {
  if (!request.dryRun) requireDecision(request);
  const items = await itemsWithSelection(request, how);
  const all = [...(request.done ?? []), ...request.items];
  const owned = await findOwnedFiles(all, request.target === undefined, silent(how));
  const run: Run = { verb: 'restore', job: '', id: request.runId, startedAt: how.clock.now() };
  const prepared = request.dryRun
    ? items.map((item): Prepared => ({ item, warnings: [], expected: undefined }))
    : await prepareRestore(items, request, { run, owned }, how);
  const keeping = keepRestore(items, request, request.journal, how);
  how.listen({ type: 'run.started', run, steps: items.length });
  const restored: RestoredItem[] = [];
  for (const [at, one] of prepared.entries()) {
    if (!how.signal.aborted) keeping.set(one.item, 'begun');
    const ending = await restoreItem(one, { ...request, conflict: conflictOf(request, at) }, { run, owned }, how);
    if (!how.signal.aborted) keeping.set(one.item, stateAfter(ending.outcome));
    restored.push(ending);
  }
  keeping.end();
  const outcome = worstOutcome(restored.map((item) => item.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  const { dryRun, target, conflict, server } = request;
  const left = restored.some((item) => stateAfter(item.outcome) !== 'done');
  const kept = request.journal !== undefined && (request.journal.resumed !== undefined || items.length > 1);
  return { outcome, dryRun, target, conflict, server, items: restored, resumable: left && kept && !dryRun };
}

/** True when the request can replace or remove what stands at its target. */
export function canReplace({
  target,
  conflict,
  server,
}: Pick<RestoreRequest, 'target' | 'conflict' | 'server'>): boolean {
  // A database beside the others is new, or refused.
  if (target === undefined && server?.as !== undefined) return false;
  return target === undefined || (conflict !== 'refuse' && conflict !== 'skip');
}

function requireDecision(request: RestoreRequest): void {
  if (!canReplace(request) || request.decision === 'confirmed') return;
  throw new SuretyError(
    'restore.unconfirmed',
    'the restore may replace what stands at its target, and nobody has confirmed that',
    {
      hint: 'answer yes when asked, or give --force',
    },
  );
}

/**
 * Members of one point share a target. It was empty when all were checked, so what is there when the second is restored came
 * from the first: that stays, and nothing of anybody else's can be replaced.
 */
function conflictOf({ conflict, target, dryRun }: RestoreRequest, at: number): Conflict {
  return at > 0 && conflict === 'refuse' && target !== undefined && !dryRun ? 'skip' : conflict;
}

/** A path that was asked for need only be in one member of a recovery point. */
async function itemsWithSelection(request: RestoreRequest, how: OperationHow): Promise<readonly RestoreItem[]> {
  if (request.select === undefined || request.items.length < 2) return request.items;
  const found: RestoreItem[] = [];
  let missing: unknown;
  for (const item of request.items) {
    try {
      const engine = await item.repository.open(how);
      await using _ = await engine.restore(item.snapshot, { signal: how.signal, select: request.select });
      found.push(item);
    } catch (error) {
      how.signal.throwIfAborted();
      if (hasCode(error, 'snapshot.path-missing')) missing ??= error;
      else found.push(item);
    }
  }
  if (found.length === 0) throw missing;
  return found;
}

function isSelection(server: RestoreRequest['server']): boolean {
  return (server?.tables ?? server?.schemas) !== undefined;
}

/** What was only written to a file, as it is stored, was not brought back: nobody knows whether its server, or its command, takes it. */
function isStillDump(traits: SourceTraits, { kind }: RestoreItem['source']): boolean {
  return traits.kind !== kind && kind !== 'dump-files';
}

async function restoreItem(
  { item, warnings, expected }: Prepared,
  request: RestoreRequest,
  { run, owned }: { readonly run: Run; readonly owned: OwnedFiles },
  how: OperationHow,
): Promise<RestoredItem> {
  const { repository, source, snapshot } = item;
  let intoServer = false;
  const ending = await runStep(
    {
      run,
      step: { repository: repository.name, source: source.name, snapshot: snapshot.id },
      doing: doingOf(item),
      work: async (tools): Promise<StepResult & { verb: 'restore' }> => {
        const { traits } = await source.open(tools);
        intoServer = request.target === undefined && traits.restoresIntoServer === true;
        for (const warning of warnings) tools.warn(warning);
        const report = await writeFromCopies(item, request, tools, { owned, expected });
        const left = report.skipped + report.unchanged + report.failed.length;
        const isPart = request.select !== undefined || (intoServer && isSelection(request.server));
        const whole = !isPart && left === 0 && !isStillDump(traits, source);
        const target = request.target ?? request.server?.as ?? 'the original place';
        return { verb: 'restore', snapshot, target, dryRun: request.dryRun, whole, report };
      },
      judge: ({ report }) => (report.failed.length > 0 || report.checks.some((check) => !check.ok) ? 'failed' : 'ok'),
    },
    how,
  );
  return {
    source: source.name,
    kind: source.kind,
    intoServer,
    host: request.target === undefined ? source.writesTo : undefined,
    repository: repository.name,
    snapshot,
    outcome: ending.outcome,
    report: ending.result?.report,
    warningCount: ending.warningCount,
    warnings: ending.warnings,
    error: ending.error,
    durationMs: ending.durationMs,
  };
}

/** Restores snapshots: to another place, or in place after an explicit decision. */

import { hasCode, SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Snapshot } from '../engines/engine.ts';
import type { Warning, WriteReport } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, type StepResult, worstOutcome } from './events.ts';
import { toSuretyError } from './failure.ts';
import type { RestoreItem } from './handles.ts';
import { findOwnedFiles, type OwnedFiles } from './owned-files.ts';
import { runStep, type StepTools } from './step.ts';
import { type Conflict, type WriteRequest, writeItem } from './write-item.ts';

export type { RestoreItem } from './handles.ts';
export type { Conflict } from './write-item.ts';

/**
 * Whether what stands at the target may be replaced. `confirmed` is somebody's explicit word: a typed `yes` or
 * `--force`. It answers the question only; every check is made all the same.
 */
export type Decision = 'replace-nothing' | 'confirmed';

export interface RestoreRequest extends WriteRequest {
  readonly runId: string;
  /** One snapshot, or the members of a recovery point in the order they were taken. */
  readonly items: readonly RestoreItem[];
  readonly decision: Decision;
}

export interface RestoredItem {
  readonly source: string;
  readonly kind: string;
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
  readonly items: readonly RestoredItem[];
}

/**
 * Restores every item. Before anything is written, it is checked that the target takes them all and, in place, that
 * the repository has them all. After that, a failure of one item does not stop the others; it is in the report. Throws
 * `restore.unconfirmed` where something could be replaced and nobody said so, and what the checks found.
 */
export async function restore(request: RestoreRequest, how: OperationHow): Promise<RestoreReport> {
  if (!request.dryRun) requireDecision(request);
  const items = await itemsWithSelection(request, how);
  const owned = await findOwnedFiles(request.items, request.target === undefined, silent(how));
  if (items.length > 1 && !request.dryRun) await checkAll(items, request, owned, how);
  const run: Run = { verb: 'restore', job: '', id: request.runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: items.length });
  const restored: RestoredItem[] = [];
  for (const [at, item] of items.entries()) {
    restored.push(await restoreItem(item, { ...request, conflict: conflictOf(request, at) }, { run, owned }, how));
  }
  const outcome = worstOutcome(restored.map((item) => item.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  const { dryRun, target, conflict } = request;
  return { outcome, dryRun, target, conflict, items: restored };
}

/** True when the request can replace or remove what stands at its target. */
export function canReplace({ target, conflict }: Pick<RestoreRequest, 'target' | 'conflict'>): boolean {
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

/**
 * Nothing is written while the target would refuse any member. What is wrong with a member itself, such as damage, is
 * left to its own step where it goes to a place of its own: it must not keep the others from being restored. In place it
 * would leave a mixture of old and new, so there it ends the restore.
 */
async function checkAll(
  items: readonly RestoreItem[],
  request: RestoreRequest,
  owned: OwnedFiles,
  how: OperationHow,
): Promise<void> {
  for (const item of items) {
    try {
      await writeItem(item, { ...request, dryRun: true }, silent(how), owned);
    } catch (error) {
      how.signal.throwIfAborted();
      const refused = error instanceof SuretyError && error.code.startsWith('target.');
      if (refused || request.target === undefined) throw toSuretyError(error, doingOf(item), how.signal);
    }
  }
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

function silent({ signal }: OperationHow): StepTools {
  return { signal, warn: () => {}, progress: () => {} };
}

function doingOf({ repository, source, snapshot }: RestoreItem): string {
  return `snapshot ${shortId(snapshot.id)} of ${source.name} from repository ${repository.name}`;
}

async function restoreItem(
  item: RestoreItem,
  request: RestoreRequest,
  { run, owned }: { readonly run: Run; readonly owned: OwnedFiles },
  how: OperationHow,
): Promise<RestoredItem> {
  const { repository, source, snapshot } = item;
  const ending = await runStep(
    {
      run,
      step: { repository: repository.name, source: source.name, snapshot: snapshot.id },
      doing: doingOf(item),
      work: async (tools): Promise<StepResult & { verb: 'restore' }> => {
        const report = await writeItem(item, request, tools, owned);
        const left = report.skipped + report.unchanged + report.failed.length;
        const whole = request.select === undefined && left === 0;
        const target = request.target ?? 'the original place';
        return { verb: 'restore', snapshot, target, dryRun: request.dryRun, whole, report };
      },
      judge: ({ report }) => (report.failed.length > 0 || report.checks.some((check) => !check.ok) ? 'failed' : 'ok'),
    },
    how,
  );
  return {
    source: source.name,
    kind: source.kind,
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

/** Restores snapshots: to another place, or in place after an explicit decision. */
import { hasCode, messageOf, SuretyError } from '../base/errors.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import type { Source, Warning, WriteHow, WriteReport } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, type StepResult, worstOutcome } from './events.ts';
import type { RepositoryHandle, SourceHandle } from './handles.ts';
import { runStep, type StepTools } from './step.ts';

export interface RestoreItem {
  readonly repository: RepositoryHandle;
  readonly snapshot: Snapshot;
  /** Writes the entries; of the kind that the snapshot's source had. */
  readonly source: SourceHandle;
}

export type Conflict = WriteHow['conflict'];

/**
 * Whether what stands at the target may be replaced. `confirmed` is somebody's explicit word: a typed `yes` or
 * `--force`. It answers the question only; every check is made all the same.
 */
export type Decision = 'replace-nothing' | 'confirmed';

export interface RestoreRequest {
  readonly runId: string;
  /** One snapshot, or the members of a recovery point in the order they were taken. */
  readonly items: readonly RestoreItem[];
  /** Absolute path, or undefined for the original place. */
  readonly target: string | undefined;
  readonly conflict: Conflict;
  /** Paths or globs; undefined: everything. */
  readonly select: readonly string[] | undefined;
  readonly dryRun: boolean;
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
 * Restores every item. Before anything is written, all of them are checked: the content is in the repository, and the
 * target takes them. A later failure of one item does not stop the others; it is in the report. Throws
 * `restore.unconfirmed` where something could be replaced and nobody said so, and what the checks found.
 */
export async function restore(request: RestoreRequest, how: OperationHow): Promise<RestoreReport> {
  if (!request.dryRun) requireDecision(request);
  const items = await itemsWithSelection(request, how);
  if (items.length > 1 && !request.dryRun) await checkAll(items, request, how);
  const run: Run = { verb: 'restore', job: '', id: request.runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: items.length });
  const restored: RestoredItem[] = [];
  for (const [at, item] of items.entries()) {
    restored.push(await restoreItem(item, { ...request, conflict: conflictOf(request, at) }, run, how));
  }
  const outcome = worstOutcome(restored.map((item) => item.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  const { dryRun, target, conflict } = request;
  return { outcome, dryRun, target, conflict, items: restored };
}

/** True when the request can replace or remove what stands at its target. */
export function canReplace({ target, conflict }: Pick<RestoreRequest, 'target' | 'conflict'>): boolean {
  return target === undefined || conflict === 'overwrite' || conflict === 'newer';
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
 * left to its own step: it must not keep the others from being restored.
 */
async function checkAll(items: readonly RestoreItem[], request: RestoreRequest, how: OperationHow): Promise<void> {
  for (const item of items) {
    try {
      await writeItem(item, { ...request, dryRun: true }, silent(how));
    } catch (error) {
      how.signal.throwIfAborted();
      if (error instanceof SuretyError && error.code.startsWith('target.')) throw error;
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

async function restoreItem(
  item: RestoreItem,
  request: RestoreRequest,
  run: Run,
  how: OperationHow,
): Promise<RestoredItem> {
  const { repository, source, snapshot } = item;
  const ending = await runStep(
    {
      run,
      step: { repository: repository.name, source: source.name, snapshot: snapshot.id },
      doing: `snapshot ${snapshot.id.slice(0, 8)} of ${source.name} from repository ${repository.name}`,
      work: async (tools): Promise<StepResult & { verb: 'restore' }> => {
        const report = await writeItem(item, request, tools);
        const whole = request.select === undefined && report.skipped === 0 && report.failed.length === 0;
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

async function writeItem(item: RestoreItem, request: RestoreRequest, tools: StepTools): Promise<WriteReport> {
  const engine: Engine = await item.repository.open(tools);
  const source: Source = await item.source.open(tools);
  const lost: Lost[] = [];
  // At another place a part is better than nothing. Where it would replace things, all of it must be there.
  const onLost = request.target === undefined ? undefined : (path: string, error: Error) => lost.push({ path, error });
  const how = { signal: tools.signal, select: request.select, onLost };
  await using restoring = await engine.restore(item.snapshot, how);
  const total = request.select === undefined ? item.snapshot.stats : undefined;
  const report = await source.write(restoring, {
    signal: tools.signal,
    warn: tools.warn,
    target: request.target,
    conflict: request.conflict,
    dryRun: request.dryRun,
    progress: ({ files, sizeBytes }) =>
      tools.progress({
        phase: 'write',
        items: files,
        sizeBytes,
        totalItems: filesOf(total),
        totalBytes: total?.sizeBytes,
      }),
  });
  return withLost(report, lost, tools);
}

type Lost = WriteReport['failed'][number];

/** Adds what the writer could not know of: directories of which nothing is left, and in a dry run all that will fail. */
function withLost(report: WriteReport, lost: readonly Lost[], { warn }: StepTools): WriteReport {
  const known = new Set(report.failed.map(({ path }) => path));
  const added = lost.filter(({ path }) => !known.has(path));
  for (const { path, error } of added) warn({ code: 'entry.failed', path, message: messageOf(error) });
  return { ...report, failed: [...report.failed, ...added] };
}

function filesOf(stats: Snapshot['stats']): number | undefined {
  return stats === undefined ? undefined : stats.filesNew + stats.filesChanged + stats.filesUnmodified;
}

/** Applies retention: decides with reasons, removes the snapshots that are not kept, then the content nobody needs. */
import { SuretyError } from '../base/errors.ts';
import type { SnapshotRecord } from '../catalog/catalog.ts';
import type { Engine, PruneReport, Snapshot } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, worstOutcome } from './events.ts';
import type { RepositoryHandle } from './handles.ts';
import { decideRepository, type KeepFor, type RepositoryDecision } from './keep-decision.ts';
import { LOST_HINT, listAndCompare, lossOf, type Memory } from './memory.ts';
import { runStep, type StepTools } from './step.ts';

export interface CleanupRequest {
  readonly runId: string;
  readonly repositories: readonly { readonly repository: RepositoryHandle; readonly keep: readonly KeepFor[] }[];
  /** Ids of snapshots that were verified with data or drilled. */
  readonly proven: ReadonlySet<string>;
  readonly dryRun: boolean;
  /** Remove unused content too; without it only the snapshots go. */
  readonly prune: boolean;
  /** Unused share that may stay, as a fraction of what remains. */
  readonly maxUnused: number;
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory?: Memory | undefined;
}

export interface RepositoryCleaned {
  readonly repository: string;
  readonly location: string;
  readonly outcome: Outcome;
  /** Undefined when it could not even be listed. */
  readonly decision: RepositoryDecision | undefined;
  /** Ids of the snapshots that were removed; in a dry run none. */
  readonly removed: readonly string[];
  /** Of a dry run: what would be done. */
  readonly prune: PruneReport | undefined;
  readonly warnings: readonly Warning[];
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface CleanupReport {
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly repositories: readonly RepositoryCleaned[];
}

/** A repository that can not be cleaned does not stop the others. */
export async function cleanup(request: CleanupRequest, how: OperationHow): Promise<CleanupReport> {
  const run: Run = { verb: 'cleanup', job: '', id: request.runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: request.repositories.length });
  const repositories: RepositoryCleaned[] = [];
  for (const one of request.repositories) repositories.push(await cleanRepository(one, request, run, how));
  const outcome = worstOutcome(repositories.map((one) => one.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  return { outcome, dryRun: request.dryRun, repositories };
}

async function cleanRepository(
  { repository, keep }: CleanupRequest['repositories'][number],
  request: CleanupRequest,
  run: Run,
  how: OperationHow,
): Promise<RepositoryCleaned> {
  const step = { repository: repository.name, source: '', snapshot: '' };
  let decision: RepositoryDecision | undefined;
  let removed: readonly string[] = [];
  const ending = await runStep(
    {
      run,
      step,
      doing: `repository ${repository.name}`,
      work: async (tools) => {
        const engine = await openCleanable(repository, tools);
        const { listing, lost } = await listAndCompare({ repository, engine, memory: request.memory }, tools);
        decision = decideRepository(listing, keep, { now: how.clock.now(), proven: request.proven });
        if (decision.refused !== undefined) throw refusal(decision.refused);
        const ids = decision.remove.map(({ snapshot }: { readonly snapshot: Snapshot }) => snapshot.id);
        if (!request.dryRun && ids.length > 0) {
          how.listen({ type: 'snapshots.forgetting', run, step, ids });
          await engine.forget(ids, tools);
        }
        if (!request.dryRun) removed = ids;
        const prunes = request.prune && mayPrune(lost, tools);
        const prune = prunes ? await pruneAfter(engine, ids, request, tools) : undefined;
        return { verb: 'cleanup' as const, removed, prune };
      },
    },
    how,
  );
  return {
    repository: repository.name,
    location: repository.location,
    outcome: ending.outcome,
    decision,
    removed,
    prune: ending.result?.prune,
    warnings: ending.warnings,
    error: ending.error,
    durationMs: ending.durationMs,
  };
}

async function openCleanable(repository: RepositoryHandle, tools: StepTools): Promise<Engine> {
  const engine = await repository.open(tools);
  if (engine.traits.can.has('cleanup')) return engine;
  throw new SuretyError('repository.cannot', `a ${engine.traits.kind} repository can not be cleaned up`);
}

/** The content of a snapshot that got lost is still there, and a snapshot file may come back from a copy: pruning would end that. */
function mayPrune(lost: readonly SnapshotRecord[], tools: StepTools): boolean {
  if (lost.length === 0) return true;
  for (const one of lost) {
    tools.warn({ code: 'snapshot.missing', path: `snapshots/${one.id}`, message: lossOf(one) });
  }
  const message = `content that no snapshot needs was left where it is, it may belong to what is gone: ${LOST_HINT}`;
  tools.warn({ code: 'cleanup.not-pruned', path: '', message });
  return false;
}

/** A dry run that would remove snapshots can not tell what pruning frees: their content still counts as used. */
async function pruneAfter(
  engine: Engine,
  ids: readonly string[],
  request: CleanupRequest,
  tools: StepTools,
): Promise<PruneReport | undefined> {
  if (request.dryRun && ids.length > 0) return undefined;
  return await engine.prune({ ...tools, dryRun: request.dryRun, maxUnused: request.maxUnused });
}

function refusal(why: string): SuretyError {
  return new SuretyError('cleanup.refused', `nothing is removed: ${why}`, {
    hint: 'look at it with `surety list` and `surety check`, then run cleanup again',
  });
}

/** Applies retention: decides with reasons, removes the snapshots that are not kept, then the content nobody needs. */
import { SuretyError } from '../base/errors.ts';
import type { SnapshotRecord } from '../catalog/catalog.ts';
import type { Afterwards, Engine, Listing, PruneReport } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, worstOutcome } from './events.ts';
import type { RepositoryHandle } from './handles.ts';
import { decideRepository, type KeepFor, type RefusedSeries, type RepositoryDecision } from './keep-decision.ts';
import { lastFailures } from './last-failures.ts';
import { keepLocked, withoutLocked } from './locked-snapshots.ts';
import { LOST_HINT, listAndCompare, lossOf, type Memory } from './memory.ts';
import { type Pins, pinsOf } from './pins.ts';
import { provenSnapshots } from './proven.ts';
import { requireServerClock } from './server-clock.ts';
import { snapshotStates } from './snapshot-states.ts';
import { runStep, type StepTools } from './step.ts';

export interface CleanupRequest {
  readonly runId: string;
  readonly repositories: readonly { readonly repository: RepositoryHandle; readonly keep: readonly KeepFor[] }[];
  readonly dryRun: boolean;
  /** Remove unused content too; without it only the snapshots go. */
  readonly prune: boolean;
  /** Unused share that may stay, as a fraction of what remains. */
  readonly maxUnused: number;
  /** Also where this machine's clock is not that of the service. */
  readonly allowClock?: boolean | undefined;
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory?: Memory | undefined;
  /** Ids of the snapshots of a repository that are being restored; asked right before anything is removed. */
  readonly restoring?: ((repository: string) => ReadonlySet<string>) | undefined;
}

export interface RepositoryCleaned {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  readonly outcome: Outcome;
  /** Undefined when it could not even be listed. */
  readonly decision: RepositoryDecision | undefined;
  /** Ids of the snapshots that were removed; in a dry run none. */
  readonly removed: readonly string[];
  /** Ids of the records of failed backups that were removed. */
  readonly removedFailures: readonly string[];
  /** Of a dry run: what would be done. */
  readonly prune: PruneReport | undefined;
  /** What becomes of what was removed; undefined: it is gone, or nothing was, or the service does not say. */
  readonly afterwards?: Afterwards | undefined;
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

/** How far it has come, also where something fails after that. */
interface Cleaned {
  decision: RepositoryDecision | undefined;
  removed: readonly string[];
  removedFailures: readonly string[];
  afterwards: Afterwards | undefined;
}

type Target = CleanupRequest['repositories'][number];

async function cleanRepository(
  target: Target,
  request: CleanupRequest,
  run: Run,
  how: OperationHow,
): Promise<RepositoryCleaned> {
  const { name, kind, location } = target.repository;
  const step = { repository: name, source: '', snapshot: '' };
  const done: Cleaned = { decision: undefined, removed: [], removedFailures: [], afterwards: undefined };
  const onForget = (ids: readonly string[]) => how.listen({ type: 'snapshots.forgetting', run, step, ids });
  const ending = await runStep(
    {
      ...{ run, step, doing: `repository ${name}` },
      work: async (tools) => await clean(target, { ...request, clock: how.clock, onForget }, done, tools),
    },
    how,
  );
  return {
    ...{ repository: name, kind, location, outcome: ending.outcome },
    ...done,
    ...{ prune: ending.result?.prune, warnings: ending.warnings },
    ...{ error: ending.error, durationMs: ending.durationMs },
  };
}

interface CleanWork extends CleanupRequest, Pick<OperationHow, 'clock'> {
  /** Told before snapshots are removed. */
  readonly onForget: (ids: readonly string[]) => void;
}

async function clean(target: Target, request: CleanWork, done: Cleaned, tools: StepTools) {
  const { repository } = target;
  const engine = await openCleanable(repository, tools);
  if (request.allowClock !== true) await requireServerClock(engine, request.clock.now(), tools);
  const { listing, lost } = await listAndCompare({ repository, engine, memory: request.memory }, tools);
  for (const one of lost) tools.warn(lossWarning(one));
  const now = request.clock.now();
  const pins = await pinsOf(engine, listing.snapshots, { signal: tools.signal, now });
  const storedAt = await engine.service?.storedAt?.(tools);
  const decision = await decide(listing, target, { request, missing: lost.length, now, pins, storedAt });
  done.decision = decision;
  if (decision.refused !== undefined) throw refusal(decision.refused, lost.length > 0);
  for (const one of decision.refusedSeries) tools.warn(seriesWarning(one));
  done.decision = await withoutLocked(decision, engine, tools);
  const ids = done.decision.remove.map(({ snapshot }) => snapshot.id);
  if (!request.dryRun) await forgetDecided(engine, done.decision, done, request, tools);
  const prune = request.prune ? await pruneAfter(engine, ids, request, tools) : undefined;
  if (done.removed.length > 0 || (prune?.freedBytes ?? 0) > 0) done.afterwards = await afterwardsOf(engine, tools);
  return { verb: 'cleanup' as const, removed: done.removed, prune };
}

async function forgetDecided(
  engine: Engine,
  decision: RepositoryDecision,
  done: Cleaned,
  { onForget }: CleanWork,
  tools: StepTools,
): Promise<void> {
  const ids = decision.remove.map(({ snapshot }) => snapshot.id);
  const records = decision.failures.flatMap(({ failure, kept }) => (kept ? [] : [failure.id]));
  if (ids.length + records.length === 0) return;
  if (engine.traits.appendOnly !== true) onForget(ids);
  const locked = await engine.forget([...ids, ...records], tools);
  const stays = new Set(locked.map(({ id }) => id));
  done.decision = keepLocked(decision, locked);
  done.removed = ids.filter((id) => !stays.has(id));
  done.removedFailures = records.filter((id) => !stays.has(id));
}

async function openCleanable(repository: RepositoryHandle, tools: StepTools): Promise<Engine> {
  const engine = await repository.open(tools);
  if (engine.traits.can.has('cleanup')) return engine;
  throw new SuretyError('repository.cannot', `a ${engine.traits.kind} repository can not be cleaned up`);
}

interface Deciding {
  readonly request: CleanupRequest;
  readonly missing: number;
  readonly now: Date;
  readonly pins: Pins;
  readonly storedAt: ReadonlyMap<string, Date> | undefined;
}

async function decide(
  listing: Listing,
  { repository: { name }, keep }: Target,
  { request, missing, now, pins, storedAt }: Deciding,
): Promise<RepositoryDecision> {
  const catalog = request.memory?.catalog;
  const stateOf = await snapshotStates(catalog, name);
  const damaged = listing.snapshots.filter(({ id }) => stateOf(id).state === 'bad');
  return decideRepository(listing, keep, {
    ...{ now, missing, pins, ...(storedAt && { storedAt }) },
    proven: await provenSnapshots(catalog, name),
    damaged: new Set(damaged.map(({ id }) => id)),
    lastFailures: await lastFailures({ repository: name, jobs: keep, catalog, failures: listing.failures ?? [] }),
    restoring: request.restoring?.(name) ?? new Set(),
  });
}

/** What is gone may come back from a copy, and a listing that lacks something may lack more. */
function lossWarning(one: SnapshotRecord): Warning {
  return { code: 'snapshot.missing', path: `snapshots/${one.id}`, message: lossOf(one) };
}

function seriesWarning({ source, host, why }: RefusedSeries): Warning {
  const message = `nothing of source ${source} of ${host} is removed: ${why}`;
  return { code: 'cleanup.series-refused', path: '', message };
}

/** Undefined where nothing of it stays. What was removed is removed, whatever the service says of itself. */
async function afterwardsOf({ service }: Engine, { signal }: StepTools): Promise<Afterwards | undefined> {
  try {
    const known = await service?.afterwards?.({ signal });
    return known?.versions === true || known?.softDeleteDays !== undefined ? known : undefined;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
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

function refusal(why: string, isLoss: boolean): SuretyError {
  const hint = isLoss ? LOST_HINT : 'look at it with `surety list` and `surety check`, then run cleanup again';
  return new SuretyError('cleanup.refused', `nothing is removed: ${why}`, { hint });
}

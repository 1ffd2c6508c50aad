/** Re-reads what repositories hold and reports what is damaged and what that costs. */
import { SuretyError } from '../base/errors.ts';
import type { Engine, Listing, Problem, VerifyHow, VerifyReport } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, worstOutcome } from './events.ts';
import type { RepositoryHandle } from './handles.ts';
import { listAndCompare, lossOf, type Memory } from './memory.ts';
import { type Looked, type SnapshotResult, snapshotResults } from './snapshot-results.ts';
import { runStep, type StepTools } from './step.ts';
import { type Asked, lookedAt, type VerifyTarget, verifyTargets } from './verify-targets.ts';

export interface VerifyRequest extends Asked {
  readonly runId: string;
  readonly depth: VerifyHow['depth'];
  readonly subset: VerifyHow['subset'];
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory?: Memory | undefined;
}

export interface RepositoryVerified {
  readonly repository: string;
  readonly kind: string;
  readonly location: string;
  readonly outcome: Outcome;
  /** Ids of the verified snapshots; undefined: all of them. */
  readonly snapshots: readonly string[] | undefined;
  /** Each snapshot with what was found of it, newest first; undefined when the repository could not be verified. */
  readonly results: readonly SnapshotResult[] | undefined;
  readonly report: VerifyReport | undefined;
  readonly warnings: readonly Warning[];
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface VerifyOutcome {
  readonly outcome: Outcome;
  readonly depth: VerifyHow['depth'];
  /** Ids of all snapshots that are not good, each once. */
  readonly bad: readonly string[];
  readonly repositories: readonly RepositoryVerified[];
}

/** Throws for ids that are not there; what is damaged or can not be read is in the report. */
export async function verify(request: VerifyRequest, how: OperationHow): Promise<VerifyOutcome> {
  const targets = await verifyTargets(request, how);
  const run: Run = { verb: 'verify', job: '', id: request.runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: targets.length });
  const repositories: RepositoryVerified[] = [];
  for (const target of targets) repositories.push(await verifyRepository(target, request, run, how));
  const outcome = worstOutcome(repositories.map((one) => one.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  const bad = repositories.flatMap(({ results }) => results ?? []).filter(({ ok }) => !ok);
  return { outcome, depth: request.depth, bad: [...new Set(bad.map(({ id }) => id))], repositories };
}

async function verifyRepository(
  target: VerifyTarget,
  request: VerifyRequest,
  run: Run,
  how: OperationHow,
): Promise<RepositoryVerified> {
  const { repository, of } = target;
  const [only = '', ...others] = of !== 'all' && 'ids' in of ? of.ids : [];
  const ending = await runStep(
    {
      run,
      step: { repository: repository.name, source: '', snapshot: others.length === 0 ? only : '' },
      doing: `repository ${repository.name}`,
      work: async (tools) => ({
        verb: 'verify' as const,
        depth: request.depth,
        whole: request.subset === undefined,
        ...(await readBack(target, request, tools)),
      }),
      judge: ({ report, results }) => (report.problems.length > 0 || results.some(({ ok }) => !ok) ? 'failed' : 'ok'),
    },
    how,
  );
  const { results, report } = ending.result ?? {};
  return {
    repository: repository.name,
    kind: repository.kind,
    location: repository.location,
    outcome: ending.outcome,
    snapshots: of === 'all' ? undefined : (results ?? []).map(({ id }) => id),
    results,
    report,
    warnings: ending.warnings,
    error: ending.error,
    durationMs: ending.durationMs,
  };
}

interface ReadBack {
  readonly report: VerifyReport;
  readonly results: readonly SnapshotResult[];
}

async function readBack(target: VerifyTarget, request: VerifyRequest, tools: StepTools): Promise<ReadBack> {
  const engine = await openVerifiable(target.repository, request.depth, tools);
  const { listing, losses, replaced } = await listTarget(target, engine, request, tools);
  const looked = lookedAt(target, listing);
  if (target.of !== 'all' && 'since' in target.of && looked.snapshots.length === 0) {
    const message = `there is no snapshot since ${target.of.since.toISOString().slice(0, 19)}Z`;
    tools.warn({ code: 'verify.nothing', path: '', message });
  }
  const found = await verifyLooked(target, looked, engine, request, tools);
  const notes = replaced === undefined ? found.notes : [replaced, ...found.notes];
  // Of everything, the engine tells what can not be read; of single snapshots it is asked only for what can be.
  const unread = target.of === 'all' ? [] : looked.unreadable.map(unreadProblem(engine));
  const report = { ...found, problems: [...unread, ...found.problems, ...losses], notes };
  return { report, results: snapshotResults(looked, report) };
}

async function verifyLooked(
  { of }: VerifyTarget,
  { snapshots }: Looked,
  engine: Engine,
  { depth, subset }: VerifyRequest,
  { signal, progress }: StepTools,
): Promise<VerifyReport> {
  if (of !== 'all' && snapshots.length === 0) return NOTHING;
  const ids = of === 'all' ? undefined : snapshots.map(({ id }) => id);
  return await engine.verify({ signal, progress, snapshots: ids, depth, ...(subset === undefined ? {} : { subset }) });
}

const NOTHING: VerifyReport = { problems: [], notes: [], snapshots: 0, packs: 0, packsRead: 0, readBytes: 0 };

/** Where each snapshot stands by itself there is nothing to be mended around it. */
function unreadProblem({ traits }: Engine): (one: Listing['unreadable'][number]) => Problem {
  const code = traits.deduplicates ? 'snapshot.damaged' : 'archive.unreadable';
  return ({ id, error }) => ({ code, key: id, message: error.message, affects: [{ snapshot: id, path: '/' }] });
}

async function openVerifiable(
  repository: RepositoryHandle,
  depth: VerifyHow['depth'],
  tools: StepTools,
): Promise<Engine> {
  const engine = await repository.open(tools);
  if (depth !== 'data' || engine.traits.can.has('verify-data')) return engine;
  throw new SuretyError('repository.cannot', `a ${engine.traits.kind} repository has no way to re-read stored bytes`, {
    hint: 'verify without --read-data',
  });
}

interface Listed {
  readonly listing: Listing;
  readonly losses: readonly Problem[];
  readonly replaced: string | undefined;
}

/** What is there may be whole, and something be missing all the same: a verification of everything looks for that too. */
async function listTarget(
  { repository, of }: VerifyTarget,
  engine: Engine,
  { memory }: VerifyRequest,
  tools: StepTools,
): Promise<Listed> {
  if (of !== 'all' || memory === undefined)
    return { listing: await engine.list(tools), losses: [], replaced: undefined };
  const { listing, lost, replaced } = await listAndCompare({ repository, engine, memory }, tools);
  const losses = lost.map(
    (one): Problem => ({
      code: 'snapshot.missing',
      key: `snapshots/${one.id}`,
      message: lossOf(one),
      affects: [{ snapshot: one.id, path: '/' }],
    }),
  );
  return { listing, losses, replaced };
}

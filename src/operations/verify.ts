/** Re-reads what repositories hold and reports what is damaged and what that costs. */
import { SuretyError } from '../base/errors.ts';
import type { Engine, Problem, VerifyHow, VerifyReport } from '../engines/engine.ts';
import { type OperationHow, type Outcome, type Run, worstOutcome } from './events.ts';
import type { RepositoryHandle } from './handles.ts';
import { locate, type Narrowed, toWanted } from './locate.ts';
import { listAndCompare, lossOf, type Memory } from './memory.ts';
import { runStep, type StepTools } from './step.ts';

export interface VerifyRequest {
  readonly runId: string;
  readonly repositories: readonly RepositoryHandle[];
  /** Ids of snapshots or recovery points, or `latest`; none: everything. */
  readonly ids: readonly string[];
  /** What `latest` is of. */
  readonly latest: Narrowed;
  readonly depth: VerifyHow['depth'];
  readonly subset: VerifyHow['subset'];
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory?: Memory | undefined;
}

export interface RepositoryVerified {
  readonly repository: string;
  readonly location: string;
  readonly outcome: Outcome;
  /** Ids of the verified snapshots; undefined: all of them. */
  readonly snapshots: readonly string[] | undefined;
  readonly report: VerifyReport | undefined;
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface VerifyOutcome {
  readonly outcome: Outcome;
  readonly depth: VerifyHow['depth'];
  readonly repositories: readonly RepositoryVerified[];
}

/** Throws for ids that are not there; what is damaged or can not be read is in the report. */
export async function verify(request: VerifyRequest, how: OperationHow): Promise<VerifyOutcome> {
  const targets = await chooseTargets(request, how);
  const run: Run = { verb: 'verify', job: '', id: request.runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: targets.length });
  const repositories: RepositoryVerified[] = [];
  for (const target of targets) repositories.push(await verifyRepository(target, request, run, how));
  const outcome = worstOutcome(repositories.map((one) => one.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  return { outcome, depth: request.depth, repositories };
}

interface Target {
  readonly repository: RepositoryHandle;
  readonly snapshots: readonly string[] | undefined;
}

async function chooseTargets({ ids, latest, repositories }: VerifyRequest, how: OperationHow): Promise<Target[]> {
  if (ids.length === 0) return repositories.map((repository) => ({ repository, snapshots: undefined }));
  const chosen = new Map<RepositoryHandle, Set<string>>();
  for (const id of ids) {
    const wanted = toWanted(id, latest);
    const located = await locate(wanted, repositories, how);
    const known = chosen.get(located.repository) ?? new Set<string>();
    for (const snapshot of located.snapshots) known.add(snapshot.id);
    chosen.set(located.repository, known);
  }
  return [...chosen].map(([repository, snapshots]) => ({ repository, snapshots: [...snapshots] }));
}

async function verifyRepository(
  target: Target,
  request: VerifyRequest,
  run: Run,
  how: OperationHow,
): Promise<RepositoryVerified> {
  const { repository, snapshots } = target;
  const ending = await runStep(
    {
      run,
      step: { repository: repository.name, source: '', snapshot: snapshots?.length === 1 ? snapshots[0]! : '' },
      doing: `repository ${repository.name}`,
      work: async (tools) => ({
        verb: 'verify' as const,
        depth: request.depth,
        report: await readBack(target, request, tools),
      }),
      judge: ({ report }) => (report.problems.length > 0 ? 'failed' : 'ok'),
    },
    how,
  );
  return {
    repository: repository.name,
    location: repository.location,
    outcome: ending.outcome,
    snapshots,
    report: ending.result?.report,
    error: ending.error,
    durationMs: ending.durationMs,
  };
}

async function readBack(
  { repository, snapshots }: Target,
  request: VerifyRequest,
  tools: StepTools,
): Promise<VerifyReport> {
  const engine = await repository.open(tools);
  if (request.depth === 'data' && !engine.traits.can.has('verify-data')) {
    throw new SuretyError(
      'repository.cannot',
      `a ${engine.traits.kind} repository has no way to re-read stored bytes`,
      {
        hint: 'verify without --read-data',
      },
    );
  }
  const report = await engine.verify({
    signal: tools.signal,
    progress: tools.progress,
    snapshots,
    depth: request.depth,
    ...(request.subset === undefined ? {} : { subset: request.subset }),
  });
  return snapshots === undefined
    ? await withLosses(report, { repository, engine, memory: request.memory }, tools)
    : report;
}

/** What is there may be whole, and something be missing all the same. */
async function withLosses(
  report: VerifyReport,
  comparing: { readonly repository: RepositoryHandle; readonly engine: Engine; readonly memory: Memory | undefined },
  tools: StepTools,
): Promise<VerifyReport> {
  if (comparing.memory === undefined) return report;
  const { lost, replaced } = await listAndCompare(comparing, tools);
  const missing = lost.map(
    (one): Problem => ({
      code: 'snapshot.missing',
      key: `snapshots/${one.id}`,
      message: lossOf(one),
      affects: [{ snapshot: one.id, path: '/' }],
    }),
  );
  const notes = replaced === undefined ? report.notes : [replaced, ...report.notes];
  return { ...report, problems: [...report.problems, ...missing], notes };
}

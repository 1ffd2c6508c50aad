/** Backs up the sources of a job into its repositories: every source into every repository, under one recovery-point id. */

import { SuretyError } from '../base/errors.ts';
import { type Gate, openGate } from '../base/limit.ts';
import {
  type BackupTarget,
  backupMember,
  type MemberReport,
  type MemberRequest,
  type MemberSource,
} from './backup/member.ts';
import { type Planned, planOrder, type Role } from './backup/order.ts';
import { runInOrder } from './backup/run-in-order.ts';
import type { Patience } from './backup/stall.ts';
import { type OperationHow, type Outcome, type Run, worstOutcome } from './events.ts';
import type { HookPlace, HookReport } from './hooks/hook-report.ts';
import type { PendingHooks } from './hooks/pending-hooks.ts';
import { type Hooked, type HookHow, withHooks } from './hooks.ts';
import type { Memory } from './memory.ts';
import { type Seat, shareReading } from './share-reading.ts';
import type { VerifyAfter } from './verify-new.ts';

export type { MemberReport } from './backup/member.ts';

export interface BackupSource extends MemberSource {
  readonly after: readonly string[];
  /** Undefined: by kind. */
  readonly role?: Role | undefined;
  readonly hooked?: Hooked | undefined;
}

export interface BackupRequest {
  /** Name of the job, '' for a run of single sources. */
  readonly job: string;
  readonly recoveryPoint: string;
  readonly startedAt: Date;
  readonly sources: readonly BackupSource[];
  readonly repositories: readonly BackupTarget[];
  /** Read every file even if it looks unchanged. */
  readonly force: boolean;
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory?: Memory | undefined;
  /** How many sources are read at once; default one after another. */
  readonly parallel?: number;
  /** When a member is given up; default never. */
  readonly patience?: Patience;
  /** Whether new snapshots are re-read; undefined: as the repositories say. */
  readonly verifyAfter?: VerifyAfter;
  /** The hooks of the job itself. */
  readonly hooked?: Hooked | undefined;
  /** Where `after` hooks are remembered for the case that this process is killed. */
  readonly pending?: PendingHooks | undefined;
}

export interface BackupReport {
  readonly job: string;
  readonly recoveryPoint: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly outcome: Outcome;
  /** True when every source is in every repository, and nothing that was re-read was found wanting. */
  readonly complete: boolean;
  /** In the order of the plan: by source, then by repository. */
  readonly members: readonly MemberReport[];
  /** In the order they ended. */
  readonly hooks: readonly HookReport[];
}

/** Without an end: whoever wants one says so. */
const ENDLESS: Patience = { stallMs: 0, limitMs: undefined };

/**
 * Runs the backup. A member that fails never stops the others, so this resolves also when all of them failed: read
 * `outcome`. After an abort the remaining members are reported as interrupted, and `after` hooks run all the same. Throws only for a
 * request that makes no sense (`config.cycle`, `config.no-sources`).
 */
export async function backup(request: BackupRequest, how: OperationHow): Promise<BackupReport> {
  const { job, recoveryPoint, startedAt } = request;
  if (request.sources.length === 0) throw noSources(job);
  const plan = planOrder(request.sources);
  const startedMs = how.clock.elapsedMs();
  const run: Run = { verb: 'backup', job, id: recoveryPoint, startedAt };
  how.listen({ type: 'run.started', run, steps: plan.length * request.repositories.length });
  const hooks: HookReport[] = [];
  const started = (hook: HookPlace) => how.listen({ type: 'hook.started', run, hook });
  const finished = (hook: HookReport) => {
    hooks.push(hook);
    how.listen({ type: 'hook.finished', run, at: how.clock.now(), hook });
  };
  const whole = { request, run, plan, hookHow: { ...how, pending: request.pending, started, finished }, how };
  const members = await withHooks(
    { job, source: '', recoveryPoint },
    request.hooked,
    (refused) => runPlan(whole, refused),
    (reports) => worstOutcome([...reports, ...hooks].map((one) => one.outcome)),
    whole.hookHow,
  );
  const outcome = worstOutcome([...members, ...hooks].map((one) => one.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  const durationMs = Math.round(how.clock.elapsedMs() - startedMs);
  const complete = members.length > 0 && members.every(isStored);
  return { job, recoveryPoint, startedAt, durationMs, outcome, complete, members, hooks };
}

/** A backup of nothing must not look like one that went well. */
function noSources(job: string): SuretyError {
  return new SuretyError('config.no-sources', `job ${job} has no source`, {
    hint: 'add what is to be protected to `sources`',
  });
}

/** Whether the member is in its repository, and counts. */
export function isStored({ snapshot, error }: MemberReport): boolean {
  return snapshot !== undefined && error === undefined;
}

interface WholeRun {
  readonly request: BackupRequest;
  readonly run: Run;
  readonly plan: readonly Planned<BackupSource>[];
  readonly hookHow: HookHow;
  readonly how: OperationHow;
}

async function runPlan(whole: WholeRun, refused: SuretyError | undefined): Promise<MemberReport[]> {
  const { request, plan } = whole;
  const reports = new Map<string, readonly MemberReport[]>();
  const gates = new Map(
    request.repositories.map((repository) => [repository.name, openGate(repository.oneAtATime ? 1 : plan.length)]),
  );
  const compared = new Set<string>();
  const pieces = plan.map(({ source, waitsFor }, at) => ({ name: source.name, waitsFor, source, at }));
  await runInOrder(pieces, request.parallel ?? 1, async ({ source, at }) => {
    const place = { number: at + 1, of: plan.length };
    reports.set(source.name, await runSource(whole, { source, place, compared, refused, gates }));
  });
  return plan.flatMap(({ source }) => reports.get(source.name) ?? []);
}

type SourceRun = Pick<MemberRequest, 'place' | 'compared' | 'refused'> & {
  readonly source: BackupSource;
  /** By name of the repository: those that take one member at a time. */
  readonly gates: ReadonlyMap<string, Gate>;
};

/** One source into all repositories at once: it is read one time. Its hooks are around all of that. */
async function runSource({ request, run, how, hookHow }: WholeRun, one: SourceRun): Promise<MemberReport[]> {
  const { source, place, compared, gates } = one;
  const { repositories, force, memory, verifyAfter, patience = ENDLESS } = request;
  const work = async (refused: SuretyError | undefined) => {
    const seats = repositories.length > 1 ? seatsFor(source, repositories.length) : [];
    const members = repositories.map((repository, at) => {
      const into = { repository, seat: seats[at] };
      return { run, source, place, refused, force, patience, verifyAfter, memory, compared, ...into };
    });
    return await throughAll(gates, repositories, () => Promise.all(members.map((member) => backupMember(member, how))));
  };
  if (one.refused !== undefined) return await work(one.refused);
  const scope = { job: run.job, source: source.name, recoveryPoint: run.id };
  return await withHooks(scope, source.hooked, work, (all) => worstOutcome(all.map(({ outcome }) => outcome)), hookHow);
}

function seatsFor(source: BackupSource, count: number): readonly Seat[] {
  return shareReading(count, async (how) => (await source.open(how)).read(how));
}

/** Enters the gates of all repositories, always in the same order: else two sources could each wait for the other's. */
async function throughAll<Result>(
  gates: SourceRun['gates'],
  repositories: readonly BackupTarget[],
  work: () => Promise<Result>,
): Promise<Result> {
  const [first, ...rest] = repositories;
  if (first === undefined) return await work();
  return await gates.get(first.name)!.run(() => throughAll(gates, rest, work), NEVER);
}

/** A member that waits for its turn is reported by itself when the run is aborted. */
const NEVER = new AbortController().signal;

/** One member of a run: one source into one repository. */
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { BackupStats, Engine, Listing, Snapshot, SnapshotFacts } from '../../engines/engine.ts';
import type { SourceFacts, Warning } from '../../sources/source.ts';
import type { OperationHow, Outcome, Run, Step, StepResult } from '../events.ts';
import type { RepositoryHandle, SourceHandle } from '../handles.ts';
import { LOST_HINT, listAndCompare, lossOf, type Memory } from '../memory.ts';
import { type Place, pointTags } from '../recovery-point.ts';
import type { Seat } from '../share-reading.ts';
import { runStep, type StepTools } from '../step.ts';
import { oddAboutNew } from '../unusual-backups.ts';
import { depthAfter, unproven, type VerifiedNew, type VerifyAfter, verifyNew } from '../verify-new.ts';
import { type Patience, type Watch, withPatience } from './stall.ts';

export interface MemberSource extends SourceHandle {
  /** Name of the host it lives on. */
  readonly host: string;
  /** Patterns as configured; recorded in the snapshot. */
  readonly excludes: readonly string[];
}

export interface BackupTarget extends RepositoryHandle {
  /** True where two backups into it must not run at once. */
  readonly oneAtATime?: boolean;
  /** Whether new snapshots are re-read; undefined: as its engine says. */
  readonly verifyAfter?: VerifyAfter;
}

export interface MemberRequest {
  readonly run: Run;
  readonly source: MemberSource;
  readonly place: Place;
  readonly repository: BackupTarget;
  /** Why it is not to be done at all: a hook before it failed. */
  readonly refused: SuretyError | undefined;
  /** Read every file even if it looks unchanged. */
  readonly force: boolean;
  readonly patience: Patience;
  /** What the job says; undefined: what the repository says. */
  readonly verifyAfter: VerifyAfter;
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory: Memory | undefined;
  /** Names of repositories that were compared with what is known of them: once in a run is enough. */
  readonly compared: Set<string>;
  /** Where the source is read once for several repositories. */
  readonly seat?: Seat | undefined;
}

export interface MemberReport {
  readonly source: string;
  readonly kind: string;
  readonly repository: string;
  readonly outcome: Outcome;
  /** What was stored; also when it does not count because it could not be verified: then there is an `error`. */
  readonly snapshot: Snapshot | undefined;
  readonly stats: BackupStats | undefined;
  /** What the source recorded: versions, fingerprint, down-time. */
  readonly facts?: SourceFacts | undefined;
  /** Undefined when it was not re-read. */
  readonly verified?: VerifiedNew | undefined;
  readonly warningCount: number;
  /** The first 1000. */
  readonly warnings: readonly Warning[];
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

function stepOf({ source, repository }: MemberRequest): Step {
  return { source: source.name, repository: repository.name, snapshot: '' };
}

/** Never throws. */
export async function backupMember(member: MemberRequest, how: OperationHow): Promise<MemberReport> {
  const { run, source, repository } = member;
  const ending = await runStep(
    {
      run,
      step: stepOf(member),
      doing: `source ${source.name} into repository ${repository.name}`,
      work: (tools) => attempt(member, tools, how),
      judge: ({ snapshot, verified }) => (verified === undefined ? 'ok' : (unproven(snapshot, verified) ?? 'ok')),
    },
    how,
  );
  const { result, outcome, warningCount, warnings, error, durationMs } = ending;
  return {
    source: source.name,
    kind: source.kind,
    repository: repository.name,
    outcome,
    snapshot: result?.snapshot,
    stats: result?.stats,
    facts: result?.facts,
    verified: result?.verified,
    warningCount,
    warnings,
    error,
    durationMs,
  };
}

type Tools = StepTools & Watch;

type Stored = StepResult & { verb: 'backup' };

/** A failure before the repository had anything to do with it is recorded there too, where it keeps such records. */
async function attempt(member: MemberRequest, tools: StepTools, how: OperationHow): Promise<Stored> {
  const { refused, patience } = member;
  using _seat = member.seat;
  let begun = false;
  const begin = () => {
    begun = true;
  };
  try {
    if (refused !== undefined) throw refused;
    const work = (watch: Watch) => storeMember(member, { ...tools, ...watch }, begin, how);
    const startedMs = how.clock.elapsedMs();
    const stored = await withPatience(patience, { ...how, ...tools }, work);
    await warnOfOddities(member, stored, how.clock.elapsedMs() - startedMs, tools);
    return stored;
  } catch (error) {
    if (!begun && !how.signal.aborted && error instanceof Error) await recordFailure(member, error);
    throw error;
  }
}

/** A run that reads every file is expected to take long. */
async function warnOfOddities(member: MemberRequest, { stats }: Stored, durationMs: number, { warn }: StepTools) {
  if (member.memory === undefined) return;
  const place = { source: member.source.name, repository: member.repository.name };
  const measured = { durationMs: member.force ? 0 : durationMs, sizeBytes: stats.sizeBytes };
  for (const { text } of await oddAboutNew(member.memory.catalog, place, measured))
    warn({ code: 'backup.unusual', path: '', message: `this backup ${text}` });
}

const RECORD_TIMEOUT_MS = 60_000;

async function recordFailure(member: MemberRequest, error: Error): Promise<void> {
  const signal = AbortSignal.timeout(RECORD_TIMEOUT_MS);
  try {
    const engine = await member.repository.open({ signal });
    await engine.recordFailure?.(withoutOutput(error), {
      ...backupHow(member),
      signal,
      warn: () => {},
      host: member.source.host,
    });
  } catch {
    // A repository that can not be opened is what failed.
  }
}

/** What a hook printed, which may be a secret, stays on this machine: everybody who reads the repository can read its records. */
function withoutOutput(error: Error): Error {
  if (!hasCode(error, 'hook.failed')) return error;
  return new SuretyError('hook.failed', error.message.split(':\n')[0] ?? '', { cause: error });
}

/** What a repository is told of the member. */
function backupHow({ run, source, place, force }: MemberRequest) {
  return {
    kind: source.kind,
    source: source.name,
    tags: pointTags(run.job, place),
    recoveryPoint: run.id,
    excludes: source.excludes,
    startedAt: run.startedAt,
    force,
  };
}

async function storeMember(
  member: MemberRequest,
  tools: Tools,
  begin: () => void,
  { clock, listen }: OperationHow,
): Promise<Stored> {
  const { run, source: handle, repository } = member;
  const step = stepOf(member);
  const [source, engine] = await Promise.all([handle.open(tools), repository.open(tools)]);
  engine.fetchAhead?.(tools);
  const previous = await remembered(engine, await listMember(member, engine, tools), handle, tools);
  const { signal, alive } = tools;
  const unread: string[] = [];
  const warn: Tools['warn'] = (warning) => {
    if (warning.code === 'entry.unreadable') unread.push(warning.path);
    tools.warn(warning);
  };
  await using reading = await (member.seat === undefined
    ? source.read({ signal, warn, alive, previous: previous?.facts })
    : member.seat.join({ signal, warn, alive, previous }));
  begin();
  const { snapshot, stats, facts } = await engine.backup(tools.watched(reading), {
    ...backupHow(member),
    ...{ signal, warn: tools.warn, progress: tools.progress, unread: () => unread },
    replacing: (ids) => listen({ type: 'snapshots.forgetting', run, step, ids }),
  });
  const into = { id: engine.traits.id, location: repository.location };
  const depth = depthAfter(engine, member.verifyAfter ?? repository.verifyAfter);
  const verified = depth === undefined ? undefined : await verifyNew(engine, snapshot, depth, { ...tools, clock });
  return { verb: 'backup', snapshot, stats, facts, into, verified };
}

/** What is in the repository. The first time in a run it says what should be there too. */
async function listMember({ repository, compared, ...member }: MemberRequest, engine: Engine, tools: StepTools) {
  const memory = compared.has(repository.name) ? undefined : member.memory;
  compared.add(repository.name);
  const { listing, lost, replaced } = await listAndCompare({ repository, engine, memory }, tools);
  if (replaced !== undefined) tools.warn({ code: 'repository.replaced', path: '', message: replaced });
  for (const one of lost) {
    const message = `${lossOf(one)}: ${LOST_HINT}`;
    tools.warn({ code: 'snapshot.missing', path: `snapshots/${one.id}`, message });
  }
  return listing;
}

/** What the newest snapshot of the source on its host recorded: the source compares it with what it finds now. */
async function remembered(
  engine: Engine,
  { snapshots, unreadable }: Listing,
  { name, host }: MemberSource,
  tools: StepTools,
): Promise<{ readonly facts: SnapshotFacts; readonly time: Date } | undefined> {
  for (const { id, error } of unreadable) {
    tools.warn({ code: 'snapshot.unreadable', path: `snapshots/${id}`, message: error.message });
  }
  const own = snapshots.filter((snapshot) => snapshot.source === name && snapshot.host === host);
  for (const snapshot of own.toReversed()) {
    try {
      const facts = await engine.facts(snapshot, tools);
      return facts && { facts, time: snapshot.time };
    } catch (error) {
      // Damage to what is old is no reason to make nothing new.
      if (!isDamage(error)) throw error;
      tools.warn({ code: 'snapshot.unreadable', path: `snapshots/${snapshot.id}`, message: error.message });
    }
  }
  return undefined;
}

/** What the repository holds is wrong, as opposed to a repository that can not be reached. */
function isDamage(error: unknown): error is SuretyError {
  if (hasCode(error, 'store.not-found', 'store.incomplete')) return true;
  return error instanceof SuretyError && !error.code.startsWith('store.');
}

/** Copies snapshots from some repositories into another one, and reads back what was stored. */
import { hasCode, messageOf, SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import {
  type ChosenCopies,
  type ChosenCopy,
  type CopyPlace,
  chooseCopies,
  type WantedCopies,
} from './choose-copies.ts';
import { type Copied, type Copier, openCopier } from './copy-snapshot.ts';
import { type OperationHow, type Outcome, type Run, type StepResult, worstOutcome } from './events.ts';
import type { RepositoryHandle } from './handles.ts';
import { knownDamage } from './known-damage.ts';
import type { BackupTarget } from './member.ts';
import type { Memory } from './memory.ts';
import { runStep, type StepTools } from './step.ts';
import { unproven, type VerifiedNew, type VerifyAfter, verifyNew } from './verify-new.ts';
import { isOfRepository, passedOver } from './write-copies.ts';

export interface CopyRequest {
  readonly runId: string;
  /** Name of the job, '' when it is not for one. */
  readonly job: string;
  readonly wanted: WantedCopies;
  /** Where the snapshots are; the first that has one whole is taken. */
  readonly from: readonly RepositoryHandle[];
  readonly to: BackupTarget;
  /** Default: the newest complete recovery point first. */
  readonly oldestFirst?: boolean;
  /** Only say what would be copied. */
  readonly dryRun?: boolean;
  /** What is known of the repositories from before; undefined: nothing. */
  readonly memory?: Memory | undefined;
  /** Keeps a snapshot from being removed while it is read. */
  readonly hold?: ((repository: string, snapshot: string) => Disposable) | undefined;
}

/** One snapshot, copied or not. */
export interface CopyMember {
  /** As it is in the repository that it was copied from, or would be. */
  readonly snapshot: Snapshot;
  readonly from: string;
  readonly outcome: Outcome;
  /** As it is in the other one; also when it does not count because it could not be verified: then there is an `error`. */
  readonly copy: Snapshot | undefined;
  readonly storedBytes: number;
  /** True when it was taken over without being unpacked. */
  readonly asStored: boolean;
  readonly verified: VerifiedNew | undefined;
  readonly warnings: readonly Warning[];
  readonly warningCount: number;
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface CopyReport {
  readonly job: string;
  readonly to: string;
  readonly location: string;
  readonly dryRun: boolean;
  readonly outcome: Outcome;
  /** In the order they were copied; in a dry run, would be. */
  readonly members: readonly CopyMember[];
  /** How many of what was asked for were there before. */
  readonly present: number;
  /** How many are not copied, because what is kept there would let them go. */
  readonly passedOver: number;
  /** Repositories and snapshots that could not be looked at. */
  readonly unread: readonly string[];
  /** Ids of snapshots of the repository that is copied into which the last verification found damaged: they count as there. */
  readonly damaged: readonly string[];
  readonly durationMs: number;
}

/**
 * One that can not be copied stops no other: read `outcome`. Throws when the repository it goes to can not be read, none of the others can, and for
 * ids that are not there.
 */
export async function copy(request: CopyRequest, how: OperationHow): Promise<CopyReport> {
  const { to, job } = request;
  const startedMs = how.clock.elapsedMs();
  const engine = await to.open(how);
  const { chosen, damaged } = await choose(request, engine, how);
  const run: Run = { verb: 'copy', job, id: request.runId, startedAt: how.clock.now() };
  const members =
    request.dryRun === true ? chosen.copies.map(planned) : await copyAll(request, engine, chosen, run, how);
  const isOdd = chosen.unread.length + damaged.length > 0;
  const outcome = worstOutcome([...members.map((one) => one.outcome), isOdd ? 'warnings' : 'ok']);
  const { present, passedOver: passed, unread } = chosen;
  return {
    ...{ job, to: to.name, location: to.location, dryRun: request.dryRun === true, outcome, members },
    ...{ present, passedOver: passed, unread, damaged, durationMs: Math.round(how.clock.elapsedMs() - startedMs) },
  };
}

async function choose({ wanted, memory, ...request }: CopyRequest, engine: Engine, how: OperationHow) {
  const from = request.from.filter(({ name }) => name !== request.to.name);
  if (from.length === 0) {
    throw new SuretyError('copy.nowhere', `there is no other repository than ${request.to.name} to copy from`, {
      hint: 'name one with --from',
    });
  }
  const { snapshots } = await engine.list(how);
  const names = from.map(({ name }) => name);
  const { name } = request.to;
  const isDamaged = await knownDamage(memory?.catalog, [...names, name]);
  const { signal, clock } = how;
  const order = { oldestFirst: request.oldestFirst === true };
  const chosen = await chooseCopies(wanted, from, snapshots, { signal, now: clock.now(), isDamaged, ...order });
  return { chosen, damaged: snapshots.map(({ id }) => id).filter((id) => isDamaged(name, id)) };
}

function planned({ places: [{ repository, snapshot }] }: ChosenCopy): CopyMember {
  return {
    ...{ snapshot, from: repository.name, outcome: 'ok', copy: undefined, storedBytes: 0, asStored: false },
    ...{ verified: undefined, warnings: [], warningCount: 0, error: undefined, durationMs: 0 },
  };
}

async function copyAll(
  request: CopyRequest,
  engine: Engine,
  { copies, unread }: ChosenCopies,
  run: Run,
  how: OperationHow,
): Promise<CopyMember[]> {
  how.listen({ type: 'run.started', run, steps: copies.length });
  const members: CopyMember[] = [];
  await using copier = openCopier(engine, how.signal);
  for (const chosen of copies) members.push(await copyMember({ request, engine, copier, chosen, run }, how));
  const outcome = worstOutcome([...members.map((one) => one.outcome), unread.length > 0 ? 'warnings' : 'ok']);
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  return members;
}

interface Member {
  readonly request: CopyRequest;
  /** Of the repository that it goes to. */
  readonly engine: Engine;
  readonly copier: Copier;
  readonly chosen: ChosenCopy;
  readonly run: Run;
}

type Stored = Extract<StepResult, { readonly verb: 'copy' }>;

async function copyMember(member: Member, how: OperationHow): Promise<CopyMember> {
  const { request, chosen, run } = member;
  const [{ snapshot, repository }] = chosen.places;
  const { to } = request;
  const what = snapshot.source === '' ? '' : ` of source ${snapshot.source}`;
  const ending = await runStep<Stored>(
    {
      run,
      step: { source: snapshot.source, repository: to.name, snapshot: snapshot.id },
      doing: `snapshot ${shortId(snapshot.id)}${what} into repository ${to.name}`,
      work: (tools) => copyAndVerify(member, tools, how),
      judge: ({ snapshot: copied, verified }) => (verified === undefined ? 'ok' : (unproven(copied, verified) ?? 'ok')),
    },
    how,
  );
  const { result, outcome, warnings, warningCount, error, durationMs } = ending;
  return {
    ...{ snapshot, from: result?.from ?? repository.name, outcome, copy: result?.snapshot },
    ...{ storedBytes: result?.storedBytes ?? 0, asStored: result?.asStored ?? false, verified: result?.verified },
    ...{ warnings, warningCount, error, durationMs },
  };
}

async function copyAndVerify(member: Member, tools: StepTools, { clock }: OperationHow): Promise<Stored> {
  const { engine, request } = member;
  const { to } = request;
  const { place, copied } = await copyFromAny(member, tools);
  const { snapshot, already, storedBytes, asStored } = copied;
  const depth = already ? undefined : depthOf(engine, to.verifyAfter, copied);
  const verified =
    depth === undefined
      ? undefined
      : await verifyNew(engine, snapshot, depth.depth, { ...tools, clock, ...depth.part });
  const into = { id: engine.traits.id, location: to.location };
  const of = { from: place.repository.name, original: place.snapshot.id };
  return { verb: 'copy', snapshot, ...of, already, storedBytes, asStored, into, verified };
}

/** Where nothing else is said, all that is new is read back: every byte that was sent is compared with what arrived. */
function depthOf({ traits }: Engine, wanted: VerifyAfter, { files }: Copied) {
  if (wanted === 'no') return undefined;
  const canRead = traits.can.has('verify-data');
  if (wanted === 'structure' || !canRead) return { depth: 'structure', part: {} } as const;
  const isPart = wanted === undefined && !traits.readsBackNew;
  return { depth: 'data', part: isPart ? { files } : {} } as const;
}

/** From the first place that has it whole. What one has lost, the next one may have; what a damaged one gave needs not be copied again. */
async function copyFromAny({ request, engine, copier, chosen: { places } }: Member, tools: StepTools) {
  let first: unknown;
  for (const [at, place] of places.entries()) {
    try {
      refuseItself(place, engine);
      using _held = request.hold?.(place.repository.name, place.snapshot.id);
      return { place, copied: await copier.copy(place, tools) };
    } catch (error) {
      tools.signal.throwIfAborted();
      first ??= error;
      const next = places[at + 1];
      if (next === undefined || !mayDoBetter(error)) throw first;
      tools.warn(passedOver(place, messageOf(error), next));
    }
  }
  throw first;
}

function refuseItself({ repository, engine }: CopyPlace, to: Engine): void {
  if (engine.traits.id !== to.traits.id) return;
  throw new SuretyError('copy.same-repository', `repository ${repository.name} is the one to copy into`, {
    hint: 'two names of the configuration lead to one place: that is no second copy',
  });
}

/** Of the repository that is written to, as far as a code can tell. */
const OF_TARGET = ['store.full', 'store.read-only', 'store.locked', 'repository.locked', 'repository.lock-lost'];

/** Whether another place may do better: not where it is the repository written to that can not take it. */
function mayDoBetter(error: unknown): boolean {
  return isOfRepository(error) && !hasCode(error, ...OF_TARGET);
}

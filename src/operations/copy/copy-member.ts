/** Copies one snapshot of a run and reads back what was stored. */
import { hasCode, messageOf, SuretyError } from '../../base/errors.ts';
import { shortId } from '../../base/short-id.ts';
import type { Engine, Snapshot } from '../../engines/engine.ts';
import type { Warning } from '../../sources/source.ts';
import type { BackupTarget } from '../backup/member.ts';
import type { OperationHow, Outcome, Run, StepResult } from '../events.ts';
import type { RepositoryHandle } from '../handles.ts';
import type { Memory } from '../memory.ts';
import { isOfRepository, passedOver } from '../restore/write-copies.ts';
import { runStep, type StepTools } from '../step.ts';
import { unproven, type VerifiedNew, type VerifyAfter, verifyNew } from '../verify-new.ts';
import type { ChosenCopy, CopyPlace, WantedCopies } from './choose-copies.ts';
import type { Copied, Copier } from './copy-snapshot.ts';

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
  /** Bytes that were read back while it was copied; undefined where it was verified after that, or not at all. */
  readonly rereadBytes: number | undefined;
  readonly verified: VerifiedNew | undefined;
  readonly warnings: readonly Warning[];
  readonly warningCount: number;
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface MemberCopy {
  readonly request: CopyRequest;
  /** Of the repository that it goes to. */
  readonly engine: Engine;
  readonly copier: Copier;
  readonly chosen: ChosenCopy;
  readonly run: Run;
}

type Stored = Extract<StepResult, { readonly verb: 'copy' }>;

/** Never throws. */
export async function copyMember(member: MemberCopy, how: OperationHow): Promise<CopyMember> {
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
    ...{ storedBytes: result?.storedBytes ?? 0, asStored: result?.asStored ?? false },
    ...{ rereadBytes: result?.rereadBytes, verified: result?.verified },
    ...{ warnings, warningCount, error, durationMs },
  };
}

async function copyAndVerify(member: MemberCopy, tools: StepTools, { clock }: OperationHow): Promise<Stored> {
  const { engine, request } = member;
  const { to } = request;
  // Where nothing else is said, all that is new is read back: every byte that was sent is compared with what arrived.
  const { place, copied } = await copyFromAny(member, to.verifyAfter === undefined, tools);
  const { snapshot, already, storedBytes, rereadBytes, asStored } = copied;
  // What was read back while it was copied is looked at together with all others when they are there.
  const verified =
    already || rereadBytes !== undefined
      ? undefined
      : await verifyCopy(engine, copied, to.verifyAfter, { ...tools, clock });
  const into = { id: engine.traits.id, location: to.location };
  const of = { from: place.repository.name, original: place.snapshot.id };
  return { verb: 'copy', snapshot, ...of, already, storedBytes, rereadBytes, asStored, into, verified };
}

async function verifyCopy(
  engine: Engine,
  { snapshot, files }: Copied,
  wanted: VerifyAfter,
  how: Parameters<typeof verifyNew>[3],
): Promise<VerifiedNew | undefined> {
  if (wanted === 'no') return undefined;
  const { traits } = engine;
  if (wanted === 'structure' || !traits.can.has('verify-data')) {
    return await verifyNew(engine, snapshot, 'structure', how);
  }
  const isPart = wanted === undefined && !traits.readsBackNew;
  return await verifyNew(engine, snapshot, 'data', { ...how, ...(isPart ? { files } : {}) });
}

/** From the first place that has it whole. What one has lost, the next one may have; what a damaged one gave needs not be copied again. */
async function copyFromAny(
  { request, engine, copier, chosen: { places } }: MemberCopy,
  readBack: boolean,
  tools: StepTools,
) {
  let first: unknown;
  for (const [at, place] of places.entries()) {
    try {
      refuseItself(place, engine);
      using _held = request.hold?.(place.repository.name, place.snapshot.id);
      return { place, copied: await copier.copy(place, readBack, tools) };
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

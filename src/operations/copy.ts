/** Copies snapshots from some repositories into another one, and reads back what was stored. */
import { SuretyError } from '../base/errors.ts';
import type { Engine, VerifyReport } from '../engines/engine.ts';
import { type ChosenCopies, type ChosenCopy, chooseCopies } from './copy/choose-copies.ts';
import { type CopyMember, type CopyRequest, copyMember } from './copy/copy-member.ts';
import { openCopier } from './copy/copy-snapshot.ts';
import { type OperationHow, type Outcome, type Run, worstOutcome } from './events.ts';
import { knownDamage } from './known-damage.ts';
import { snapshotResults } from './snapshot-results.ts';
import { runStep } from './step.ts';

export type { CopyMember, CopyRequest } from './copy/copy-member.ts';

export interface CopyReport {
  readonly job: string;
  readonly to: string;
  readonly location: string;
  readonly dryRun: boolean;
  readonly outcome: Outcome;
  /** In the order they were copied; in a dry run, would be. */
  readonly members: readonly CopyMember[];
  /** The look at the structure of all that was read back while it was copied; undefined where there was none. */
  readonly check: CopyCheck | undefined;
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

export interface CopyCheck {
  readonly outcome: Outcome;
  readonly report: VerifyReport | undefined;
  readonly error: SuretyError | undefined;
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
  const done = request.dryRun === true ? undefined : await copyAll(request, engine, chosen, run, how);
  const members = done?.members ?? chosen.copies.map(planned);
  const isOdd = chosen.unread.length + damaged.length > 0;
  const outcome = worstOutcome([done?.outcome ?? 'ok', isOdd ? 'warnings' : 'ok']);
  const { present, passedOver: passed, unread } = chosen;
  return {
    ...{
      job,
      to: to.name,
      location: to.location,
      dryRun: request.dryRun === true,
      outcome,
      members,
      check: done?.check,
    },
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
  const onlyNewest = engine.traits.replaces === true;
  const order = { oldestFirst: request.oldestFirst === true, onlyNewest };
  const chosen = await chooseCopies(wanted, from, snapshots, { signal, now: clock.now(), isDamaged, ...order });
  return { chosen, damaged: snapshots.map(({ id }) => id).filter((id) => isDamaged(name, id)) };
}

function planned({ places: [{ repository, snapshot }] }: ChosenCopy): CopyMember {
  return {
    ...{ snapshot, from: repository.name, outcome: 'ok', copy: undefined, storedBytes: 0, asStored: false },
    ...{ rereadBytes: undefined, verified: undefined, warnings: [], warningCount: 0, error: undefined, durationMs: 0 },
  };
}

interface Done {
  readonly outcome: Outcome;
  readonly members: readonly CopyMember[];
  readonly check: CopyCheck | undefined;
}

async function copyAll(
  request: CopyRequest,
  engine: Engine,
  { copies, unread }: ChosenCopies,
  run: Run,
  how: OperationHow,
): Promise<Done> {
  how.listen({ type: 'run.started', run, steps: copies.length });
  const members: CopyMember[] = [];
  {
    await using copier = openCopier(engine, how.signal);
    for (const chosen of copies) members.push(await copyMember({ request, engine, copier, chosen, run }, how));
  }
  const check = await checkCopies(request, engine, members, run, how);
  const outcomes = [...members, ...(check === undefined ? [] : [check])].map((one) => one.outcome);
  const outcome = worstOutcome([...outcomes, unread.length > 0 ? 'warnings' : 'ok']);
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  return { outcome, members, check };
}

/**
 * Every byte that was sent was compared with what arrived; that all a snapshot leads to is there, also what was there before, is looked at
 * for all of them together.
 */
async function checkCopies(
  { to }: CopyRequest,
  engine: Engine,
  members: readonly CopyMember[],
  run: Run,
  how: OperationHow,
): Promise<CopyCheck | undefined> {
  const copies = members.flatMap(({ copy: one, rereadBytes }) =>
    one === undefined || rereadBytes === undefined ? [] : [one],
  );
  if (copies.length === 0) return undefined;
  const ending = await runStep(
    {
      run,
      step: { repository: to.name, source: '', snapshot: '' },
      doing: `repository ${to.name}`,
      work: async ({ signal, progress }) => {
        const snapshots = copies.map(({ id }) => id);
        const report = await engine.verify({ signal, progress, snapshots, depth: 'structure' });
        const results = snapshotResults({ snapshots: copies, unreadable: [] }, report);
        return { verb: 'verify' as const, depth: 'structure' as const, whole: true, report, results };
      },
      judge: ({ report }) => (report.problems.length > 0 ? 'failed' : 'ok'),
    },
    how,
  );
  return { outcome: ending.outcome, report: ending.result?.report, error: ending.error, durationMs: ending.durationMs };
}

/** What is remembered of a restore of several members, so that one that failed or was killed can go on where it ended. */
import { SuretyError } from '../../base/errors.ts';
import type { OperationHow, Outcome } from '../events.ts';
import type { RestoreItem } from '../handles.ts';
import type { WriteRequest } from './write-item.ts';

/** Where restores that did not come to their end are kept. Each call is durable when it returns. */
export interface RestoreJournal {
  /** Newest first. */
  list(): readonly UnfinishedRestore[];
  save(restore: UnfinishedRestore): void;
  remove(id: string): void;
}

export type MemberState = 'waiting' | 'begun' | 'done' | 'failed';

export interface UnfinishedMember {
  /** Name of the configured source that it goes back to. */
  readonly source: string;
  readonly kind: string;
  readonly repository: string;
  readonly snapshot: string;
  /** The source's name in the snapshot. */
  readonly recorded: string;
  /** Of the configuration of the place it goes to; another one means another place. */
  readonly place: string;
  readonly state: MemberState;
}

export interface UnfinishedRestore {
  /** Id of the run that began it. */
  readonly id: string;
  readonly recoveryPoint: string;
  readonly startedAt: Date;
  readonly request: Omit<WriteRequest, 'dryRun'>;
  readonly members: readonly UnfinishedMember[];
}

/** Keeps the record of one restore up to date. */
export interface Keeping {
  set(item: RestoreItem, state: MemberState): void;
  /** Removes the record when all members are done. */
  end(): void;
}

const NOTHING_KEPT: Keeping = { set: () => {}, end: () => {} };

export interface JournalHow {
  readonly journal: RestoreJournal;
  /** What marks the configured place of an item. */
  readonly placeOf: (item: RestoreItem) => string;
  /** The record of the restore that is continued. */
  readonly resumed?: UnfinishedRestore | undefined;
  /** Told once when the journal can not be written: a restore matters more than that it can be continued. */
  readonly report: (error: unknown) => void;
}

/** Begins to keep a restore of several members, or goes on with one. One of a single member has nothing to go on from. */
export function keepRestore(
  items: readonly RestoreItem[],
  request: WriteRequest & { readonly runId: string },
  how: JournalHow | undefined,
  { clock }: Pick<OperationHow, 'clock'>,
): Keeping {
  if (how === undefined || request.dryRun || (how.resumed === undefined && items.length < 2)) return NOTHING_KEPT;
  const { journal, resumed } = how;
  const attempt = reportOnce(how.report);
  let record = resumed ?? newRecord(items, request, how, clock.now());
  attempt(() => {
    // The same once more replaces what was left of the first time.
    const old = resumed === undefined ? journal.list().filter((one) => isSame(one, record)) : [];
    for (const { id } of old) journal.remove(id);
    journal.save(record);
  });
  return {
    set(item, state) {
      const members = record.members.map((one) => (isOf(one, item) ? { ...one, state } : one));
      record = { ...record, members };
      attempt(() => journal.save(record));
    },
    end() {
      if (record.members.every(({ state }) => state === 'done')) attempt(() => journal.remove(record.id));
    },
  };
}

/** After the first failure nothing more is tried: what is kept would no longer be so. */
function reportOnce(report: (error: unknown) => void): (work: () => void) => void {
  let failed = false;
  return (work) => {
    if (failed) return;
    try {
      work();
    } catch (error) {
      failed = true;
      report(error);
    }
  };
}

function newRecord(
  items: readonly RestoreItem[],
  { runId, target, conflict, select, server }: WriteRequest & { readonly runId: string },
  { placeOf }: JournalHow,
  startedAt: Date,
): UnfinishedRestore {
  const members = items.map((item): UnfinishedMember => {
    const { source, repository, snapshot } = item;
    const head = { source: source.name, kind: source.kind, repository: repository.name };
    return { ...head, snapshot: snapshot.id, recorded: snapshot.source, place: placeOf(item), state: 'waiting' };
  });
  const recoveryPoint = items[0]?.snapshot.recoveryPoint ?? '';
  return { id: runId, recoveryPoint, startedAt, request: { target, conflict, select, server }, members };
}

/** A member's source has its name once in a recovery point; the snapshot may have come from another repository. */
function isOf(member: UnfinishedMember, item: RestoreItem): boolean {
  return member.recorded === item.snapshot.source;
}

/** The same recovery point to the same place. */
export function isSame(
  left: Pick<UnfinishedRestore, 'recoveryPoint' | 'request'>,
  right: Pick<UnfinishedRestore, 'recoveryPoint' | 'request'>,
): boolean {
  return left.recoveryPoint === right.recoveryPoint && left.request.target === right.request.target;
}

/** How far a member is after its step. */
export function stateAfter(outcome: Outcome): MemberState {
  return outcome === 'ok' || outcome === 'warnings' ? 'done' : 'failed';
}

/** The restore that `--resume` means. Throws `restore.nothing-to-resume`. */
export function unfinishedRestore(journal: RestoreJournal): UnfinishedRestore {
  const [newest] = journal.list();
  if (newest !== undefined) return newest;
  throw new SuretyError('restore.nothing-to-resume', 'there is no restore that was begun and not finished', {
    hint: 'only a restore of several sources can be continued; run the restore again',
  });
}

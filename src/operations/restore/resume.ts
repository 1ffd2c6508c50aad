/** Finds again what a restore that did not come to its end has still to do. */
import { SuretyError } from '../../base/errors.ts';
import { shortId } from '../../base/short-id.ts';
import type { Snapshot } from '../../engines/engine.ts';
import type { RepositoryHandle, RestoreItem, StoredSnapshot } from '../handles.ts';
import { readShelves, type Shelf } from '../locate/shelf.ts';
import type { Conflict, RestoreRequest } from '../restore.ts';
import type { UnfinishedMember, UnfinishedRestore } from './restore-journal.ts';

export interface ResumeHow {
  readonly signal: AbortSignal;
  readonly repositories: readonly RepositoryHandle[];
  /** What writes a member; undefined where the configuration has no such source any more. */
  readonly writerOf: (member: UnfinishedMember, snapshot: Snapshot) => RestoreItem['source'];
  /** What marks the place of a member now, as it was marked when the restore began. */
  readonly placeOf: (member: UnfinishedMember, snapshot: Snapshot) => string;
  /** Whether a path of this machine is there. */
  readonly isThere: (path: string) => boolean;
}

export interface Resumed {
  /** What is still to be restored, in order. */
  readonly items: readonly RestoreItem[];
  /** What was restored; its files are still its own. */
  readonly done: readonly RestoreItem[];
  readonly conflict: Conflict;
}

/**
 * The members that are left. Throws `restore.outdated` where the record does not fit any more: a snapshot is in no repository, the
 * target is gone, or a source goes to another place now.
 */
export async function resumeRestore(record: UnfinishedRestore, how: ResumeHow): Promise<Resumed> {
  const { target, conflict } = record.request;
  const done = record.members.filter(({ state }) => state === 'done');
  if (target !== undefined && done.length > 0 && !how.isThere(target)) {
    const names = done.map(({ source }) => source).join(', ');
    throw outdated(record, `${target}, to which ${names} had been restored, is gone`);
  }
  const { shelves, failure } = await readShelves(how.repositories, how);
  const items: RestoreItem[] = [];
  const finished: RestoreItem[] = [];
  for (const member of record.members) {
    const stored = findStored(member, record, shelves);
    const [first, ...copies] = stored;
    if (first === undefined) {
      if (member.state === 'done') continue;
      const what = `snapshot ${shortId(member.snapshot)} of source ${member.source}`;
      throw failure ?? outdated(record, `${what} is not in repository ${member.repository} any more, nor in any other`);
    }
    if (target === undefined && how.placeOf(member, first.snapshot) !== member.place) {
      throw outdated(record, `source ${member.source} is configured differently now`);
    }
    const source = how.writerOf(member, first.snapshot);
    (member.state === 'done' ? finished : items).push({ ...first, copies, source });
  }
  // What is at the target is from before, and may be incomplete.
  return { items, done: finished, conflict: target !== undefined && conflict === 'refuse' ? 'changed' : conflict };
}

/** From its own repository first. */
function findStored(
  { repository, snapshot: id, recorded }: UnfinishedMember,
  { recoveryPoint }: UnfinishedRestore,
  shelves: readonly Shelf[],
): StoredSnapshot[] {
  const own = shelves.filter((shelf) => shelf.repository.name === repository);
  const others = shelves.filter((shelf) => shelf.repository.name !== repository);
  return [...own, ...others].flatMap((shelf) => {
    const snapshot =
      shelf.snapshots.find((one) => one.id === id) ??
      shelf.snapshots.findLast((one) => recoveryPoint !== '' && isMember(one, recoveryPoint, recorded));
    return snapshot === undefined ? [] : [{ repository: shelf.repository, snapshot }];
  });
}

function isMember(snapshot: Snapshot, recoveryPoint: string, source: string): boolean {
  return snapshot.recoveryPoint === recoveryPoint && snapshot.source === source;
}

function outdated({ startedAt }: UnfinishedRestore, why: string): SuretyError {
  const begun = `${startedAt.toISOString().slice(0, 19)}Z`;
  return new SuretyError('restore.outdated', `the restore begun at ${begun} can not go on: ${why}`, {
    hint: 'begin it anew; surety restore --abandon forgets this one',
  });
}

/** The request that continues a restore. */
export function resumedRequest(
  record: UnfinishedRestore,
  { items, done, conflict }: Resumed,
  fresh: Pick<RestoreRequest, 'runId' | 'decision' | 'spaceAt'>,
): RestoreRequest {
  return { ...record.request, ...fresh, items, done, conflict, dryRun: false };
}

/** Lists the copies: every record is one. */
import { eachConcurrently } from '../../base/limit.ts';
import { selectById } from '../../rules/selection.ts';
import type { How, Listing, Snapshot } from '../engine.ts';
import { type CopyRecord, isRecordKey, readRecord } from './record.ts';
import type { Repository } from './repository.ts';

export interface Inventory {
  /** Oldest first. */
  readonly copies: readonly CopyRecord[];
  readonly unreadable: readonly { readonly id: string; readonly key: string; readonly error: Error }[];
}

export async function takeInventory({ records }: Repository, how: How): Promise<Inventory> {
  const copies: CopyRecord[] = [];
  const unreadable: { id: string; key: string; error: Error }[] = [];
  const keys: string[] = [];
  for await (const { key } of records.list('', how)) if (isRecordKey(key)) keys.push(key);
  await eachConcurrently(keys, records.traits.connections, how.signal, async (key, signal) => {
    try {
      copies.push(await readRecord(records, key, { signal }));
    } catch (error) {
      how.signal.throwIfAborted();
      if (!(error instanceof Error && 'code' in error && error.code === 'repository.damaged')) throw error;
      unreadable.push({ id: key, key, error });
    }
  });
  const ordered = inOrderOfTurns(copies);
  const byTime = ({ snapshot: left }: CopyRecord, { snapshot: right }: CopyRecord) =>
    left.time.getTime() - right.time.getTime() || (left.id < right.id ? -1 : 1);
  return { copies: ordered.sort(byTime), unreadable };
}

/**
 * A clock that was put back makes runs that look older than those before them. Whatever it said, none is newer than the runs of its source
 * that came after it: what was made before is dated so.
 */
function inOrderOfTurns(copies: readonly CopyRecord[]): CopyRecord[] {
  const ordered: CopyRecord[] = [];
  for (const own of Map.groupBy(copies, ({ snapshot }) => snapshot.source).values()) {
    let [turn, latestMs, nextMs] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const record of own.toSorted((left, right) => (right.turn ?? 0) - (left.turn ?? 0))) {
      // Copies of one turn have one time.
      if (record.turn !== turn) [turn, latestMs] = [record.turn ?? 0, nextMs - 1];
      const timeMs =
        record.turn === undefined ? record.snapshot.time.getTime() : Math.min(record.snapshot.time.getTime(), latestMs);
      nextMs = Math.min(nextMs, timeMs);
      ordered.push({ ...record, snapshot: { ...record.snapshot, time: new Date(timeMs) } });
    }
  }
  return ordered;
}

export async function listCopies(repository: Repository, how: How): Promise<Listing> {
  const { copies, unreadable } = await takeInventory(repository, how);
  return {
    snapshots: copies.map(({ snapshot }) => snapshot),
    unreadable: unreadable.map(({ id, error }) => ({ id, error })),
    incomplete: await repository.place.leftovers(how),
  };
}

/** Throws `snapshot.unknown` and `snapshot.ambiguous`. */
export async function findCopy(repository: Repository, prefix: string, how: How): Promise<Snapshot> {
  const { copies } = await takeInventory(repository, how);
  return selectById(
    copies.map(({ snapshot }) => snapshot),
    prefix,
  );
}

/** The record of a snapshot that was listed. Throws `snapshot.unknown`. */
export async function recordOf(repository: Repository, { id }: Pick<Snapshot, 'id'>, how: How): Promise<CopyRecord> {
  const { copies } = await takeInventory(repository, how);
  const all = copies.map(({ snapshot }) => snapshot);
  const meant = all.find((snapshot) => snapshot.id === id) ?? selectById(all, id);
  return copies.find(({ snapshot }) => snapshot === meant)!;
}

/** Removes snapshots. */
import { eachConcurrently } from '../../base/limit.ts';
import { deleteUnlocked } from '../delete-unlocked.ts';
import type { How, KeptByLock } from '../engine.ts';
import { withLock } from './locks.ts';
import { keyOf, type Repository } from './repository.ts';

/** Removes the snapshot files with these ids, under an exclusive lock as restic does. Ids that are not there are no error. Returns those that a lock keeps. */
export async function forget(repository: Repository, ids: readonly string[], how: How): Promise<KeptByLock[]> {
  const kept: KeptByLock[] = [];
  if (ids.length === 0) return kept;
  const { store } = repository;
  await withLock(repository, { ...how, exclusive: true }, (lockSignal) =>
    eachConcurrently(ids, store.traits.connections, lockSignal, async (id, signal) => {
      const locked = await deleteUnlocked(store, keyOf('snapshots', id), { signal });
      if (locked !== undefined) kept.push({ id, until: locked.until });
    }),
  );
  return kept;
}

/** Removes snapshots. */
import { eachConcurrently } from '../../base/limit.ts';
import type { How } from '../engine.ts';
import { withLock } from './locks.ts';
import type { Repository } from './repository.ts';

/** Removes the snapshot files with these ids, under an exclusive lock as restic does. Ids that are not there are no error. */
export async function forget(repository: Repository, ids: readonly string[], how: How): Promise<void> {
  if (ids.length === 0) return;
  await withLock(repository, { ...how, exclusive: true }, (lockSignal) =>
    eachConcurrently(ids, repository.store.traits.connections, lockSignal, (id, signal) =>
      repository.deleteFile('snapshots', id, { signal }),
    ),
  );
}

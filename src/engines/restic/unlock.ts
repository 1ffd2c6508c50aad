/** Removes locks that no program holds any more. */
import type { How } from '../engine.ts';
import { isStale, lockTime, readLocks } from './lock-files.ts';
import type { Repository } from './repository.ts';

/** Removes stale locks, or with `all` every lock, also those that can not be read. Returns how many. */
export async function unlock(repository: Repository, how: How & { readonly all: boolean }): Promise<number> {
  const now = how.all ? repository.clock.now() : await lockTime(repository, how);
  const ids = how.all
    ? (await repository.files('locks', how)).map((file) => file.id)
    : (await readLocks(repository, how))
        .filter((lock) => isStale(lock, now, repository.identity.host))
        .map((lock) => lock.id);
  for (const id of ids) await repository.deleteFile('locks', id, how);
  return ids.length;
}

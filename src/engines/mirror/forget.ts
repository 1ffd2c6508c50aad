/** Removes copies: first the record, so that what is half removed is never listed. */
import type { How } from '../engine.ts';
import { takeInventory } from './list.ts';
import { lockSource } from './lock.ts';
import type { Repository } from './repository.ts';

/** Unknown ids are fine. */
export async function forget(repository: Repository, ids: readonly string[], how: How): Promise<readonly []> {
  const { copies } = await takeInventory(repository, how);
  for (const { copy, key, entriesKey, snapshot } of copies.filter((one) => ids.includes(one.snapshot.id))) {
    await using _lock = await lockSource(repository, snapshot.source, how);
    await repository.records.delete(key, how);
    await repository.records.delete(entriesKey, how);
    await repository.place.remove(copy, how);
  }
  return [];
}

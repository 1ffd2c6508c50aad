/** Removes copies: first the record, so that what is half removed is never listed. */
import type { How } from '../engine.ts';
import { takeInventory } from './list.ts';
import { lockSource } from './lock.ts';
import { recoverSource } from './recover.ts';
import type { Repository } from './repository.ts';

/** Unknown ids are fine. */
export async function forget(repository: Repository, ids: readonly string[], how: How): Promise<readonly []> {
  const { copies } = await takeInventory(repository, how);
  const meant = copies.filter(({ snapshot }) => ids.includes(snapshot.id));
  for (const source of new Set(meant.map(({ snapshot }) => snapshot.source)))
    await forgetIn(source, repository, ids, how);
  return [];
}

async function forgetIn(source: string, repository: Repository, ids: readonly string[], how: How): Promise<void> {
  await using lock = await lockSource(repository, source, how);
  // What was meant may have been replaced by something newer meanwhile.
  const own = await recoverSource(repository, source, how);
  for (const { copy, key, entriesKey } of own.copies.filter(({ snapshot }) => ids.includes(snapshot.id))) {
    await lock.expectHeld(how);
    await repository.records.delete(key, how);
    await repository.records.delete(entriesKey, how);
    await repository.place.remove(copy, how);
  }
}

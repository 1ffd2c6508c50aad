/**
 * Takes away the sidecars of backups: from then on they are none. Prune takes their files, which it knows by a reservation. Records of failed
 * backups are only sidecars.
 */
import type { How } from '../engine.ts';
import { type Repository, requireAdopted } from './repository.ts';
import { reservationKey, takeInventory } from './sidecars.ts';

export async function forget(repository: Repository, ids: readonly string[], how: How): Promise<void> {
  requireAdopted(repository);
  const { backups, failures, unreadable } = await takeInventory(repository, how);
  const wanted = new Set(ids);
  for (const { sidecar } of backups) {
    if (!wanted.has(sidecar.id)) continue;
    await repository.store.put(reservationKey(sidecar.id), Buffer.from('{"forgotten":true}\n'), how);
    await repository.store.delete(sidecar.stored.key, how);
    repository.known.delete(sidecar.stored.key);
    repository.forgotten.add(sidecar.id);
  }
  const records = [...failures.map(({ id, stored }) => ({ id, key: stored.key })), ...unreadable];
  for (const { id, key } of records) {
    if (!wanted.has(id)) continue;
    await repository.store.delete(key, how);
    repository.known.delete(key);
  }
}

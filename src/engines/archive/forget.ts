/**
 * Takes away the sidecars of backups: from then on they are none. Prune takes their files, which it knows by a reservation. Records of failed
 * backups are only sidecars.
 */
import { deleteUnlocked } from '../delete-unlocked.ts';
import type { How, KeptByLock } from '../engine.ts';
import { type Repository, requireAdopted } from './repository.ts';
import { reservationKey, takeInventory } from './sidecars.ts';

export async function forget(repository: Repository, ids: readonly string[], how: How): Promise<KeptByLock[]> {
  requireAdopted(repository);
  const { backups, failures, unreadable } = await takeInventory(repository, how);
  const wanted = new Set(ids);
  const kept: KeptByLock[] = [];
  const now = repository.clock.now();
  for (const { sidecar } of backups) {
    if (!wanted.has(sidecar.id)) continue;
    const until = await repository.store.locks?.until(sidecar.stored.key, how);
    if (until !== undefined && until > now) {
      kept.push({ id: sidecar.id, until });
      continue;
    }
    await repository.store.put(reservationKey(sidecar.id), Buffer.from('{"forgotten":true}\n'), how);
    const locked = await deleteUnlocked(repository.store, sidecar.stored.key, how);
    if (locked !== undefined) {
      await repository.store.delete(reservationKey(sidecar.id), how);
      kept.push({ id: sidecar.id, until: locked.until });
      continue;
    }
    repository.known.delete(sidecar.stored.key);
    repository.forgotten.add(sidecar.id);
  }
  const records = [...failures.map(({ id, stored }) => ({ id, key: stored.key })), ...unreadable];
  for (const { id, key } of records) {
    if (!wanted.has(id)) continue;
    const locked = await deleteUnlocked(repository.store, key, how);
    if (locked === undefined) repository.known.delete(key);
    else kept.push({ id, until: locked.until });
  }
  return kept;
}

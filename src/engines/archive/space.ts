/** Refuses to begin what will not fit. */
import { formatBytes } from '../../base/bytes.ts';
import { SuretyError } from '../../base/errors.ts';
import type { How } from '../engine.ts';
import type { Repository } from './repository.ts';

/**
 * Compares the free space of the store with what the newest backup of the same source took. Does nothing where either is not known.
 * Throws `store.full`, naming both.
 */
export async function checkSpace(repository: Repository, source: string, how: How): Promise<void> {
  const { store, known } = repository;
  const freeBytes = await store.freeBytes?.(how);
  if (freeBytes === undefined) return;
  let newest = { timeMs: Number.NEGATIVE_INFINITY, sizeBytes: 0 };
  for (const { snapshot, status, sizeBytes } of known.values()) {
    const timeMs = snapshot.time.getTime();
    if (snapshot.source === source && status === 'success' && timeMs > newest.timeMs) newest = { timeMs, sizeBytes };
  }
  if (newest.sizeBytes <= freeBytes) return;
  throw new SuretyError(
    'store.full',
    `the backup of ${source} needs about ${formatBytes(newest.sizeBytes)}, as the last one did, ` +
      `and ${store.traits.location} has ${formatBytes(freeBytes)} free`,
    { hint: 'run surety cleanup, or make room on that disk', details: { neededBytes: newest.sizeBytes, freeBytes } },
  );
}

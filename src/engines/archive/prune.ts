/** Removes the files of forgotten backups, and what killed runs left behind more than a day ago. */
import type { Stored } from '../../stores/store.ts';
import type { How, PruneHow, PruneReport } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { type Repository, requireAdopted } from './repository.ts';
import { isReservation, takeInventory } from './sidecars.ts';

/** No backup takes longer. */
const LEFT_OVER_AFTER_MS = 24 * 3_600_000;
/** Records of failed backups are read by people for some time. */
const FAILURE_KEPT_MS = 90 * 24 * 3_600_000;

export async function prune(repository: Repository, how: PruneHow): Promise<PruneReport> {
  requireAdopted(repository);
  const { backups, orphans, failures } = await takeInventory(repository, how);
  const isOlder = ({ modifiedAt }: Stored, ageMs: number) =>
    repository.clock.now().getTime() - modifiedAt.getTime() > ageMs;
  const leftOver = orphans.filter((one) => repository.forgotten.has(one.key) || isOlder(one, LEFT_OVER_AFTER_MS));
  const notes = failures.map(({ stored }) => stored).filter((one) => isOlder(one, FAILURE_KEPT_MS));
  const reserved = (await reservations(repository, how)).filter((one) => isOlder(one, LEFT_OVER_AFTER_MS));
  const gone = [...leftOver, ...notes, ...reserved];
  if (!how.dryRun) await removeAll(repository, gone, how);
  const kept = backups.flatMap(({ all }) => all);
  return {
    packsKept: kept.length,
    ...{ packsRepacked: 0, packsRemoved: leftOver.length, repackedBytes: 0 },
    freedBytes: sizeOf(gone),
    remainingBytes: sizeOf(kept),
    remainingUnusedBytes: 0,
  };
}

async function reservations({ store }: Repository, how: How): Promise<Stored[]> {
  const found: Stored[] = [];
  for await (const stored of store.list('.reserved', how)) if (isReservation(stored.key)) found.push(stored);
  return found;
}

async function removeAll(
  { store, clock, forgotten }: Repository,
  gone: readonly Stored[],
  how: PruneHow,
): Promise<void> {
  const tell = pacedProgress(how, clock);
  for (const [at, { key }] of gone.entries()) {
    await store.delete(key, how);
    forgotten.delete(key);
    tell({ phase: 'delete', items: at + 1, totalItems: gone.length, sizeBytes: 0, current: key });
  }
}

function sizeOf(files: readonly Stored[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * Removes the files of forgotten backups, and what killed runs left behind more than a day ago. Both have a reservation, which is how
 * they are known from files that somebody else put here: those stay, whatever their names look like.
 */
import type { Stored } from '../../stores/store.ts';
import { deleteUnlocked, type Locked, laterEnd } from '../delete-unlocked.ts';
import type { How, LockedFiles, PruneHow, PruneReport } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { type Repository, requireAdopted } from './repository.ts';
import { idOfFile, idOfReservation, takeInventory } from './sidecars.ts';

/** A reservation is renewed every hour as long as the backup runs. */
const LEFT_OVER_AFTER_MS = 24 * 3_600_000;
/** Records of failed backups are read by people for some time. */
const FAILURE_KEPT_MS = 90 * 24 * 3_600_000;

export async function prune(repository: Repository, how: PruneHow): Promise<PruneReport> {
  requireAdopted(repository);
  const { backups, orphans, failures } = await takeInventory(repository, how);
  const isOlder = ({ modifiedAt }: Stored, ageMs: number) =>
    repository.clock.now().getTime() - modifiedAt.getTime() > ageMs;
  const reserved = await reservations(repository, how);
  const isDone = (id: string): boolean => {
    const reservation = reserved.get(id);
    return reservation !== undefined && (repository.forgotten.has(id) || isOlder(reservation, LEFT_OVER_AFTER_MS));
  };
  const leftOver = orphans.filter((one) => isDone(idOfFile(one.key)));
  const notes = failures.map(({ stored }) => stored).filter((one) => isOlder(one, FAILURE_KEPT_MS));
  // After their files: should this be ended in between, they are known the next time.
  const released = [...reserved].flatMap(([id, stored]) => (isDone(id) ? [stored] : []));
  const gone = [...leftOver, ...notes, ...released];
  const { removed, locked } = how.dryRun ? { removed: gone, locked: [] } : await removeAll(repository, gone, how);
  const isRemoved = new Set(removed);
  const lockedBytes = sizeOf(gone) - sizeOf(removed);
  const kept = backups.flatMap(({ all }) => all);
  return {
    packsKept: kept.length,
    ...{ packsRepacked: 0, repackedBytes: 0 },
    packsRemoved: leftOver.filter((one) => isRemoved.has(one)).length,
    freedBytes: sizeOf(removed),
    remainingBytes: sizeOf(kept) + lockedBytes,
    remainingUnusedBytes: lockedBytes,
    ...(locked.length > 0 && { locked: lockedFiles(locked, lockedBytes) }),
  };
}

/** Reservations by id. */
async function reservations({ store }: Repository, how: How): Promise<Map<string, Stored>> {
  const found = new Map<string, Stored>();
  for await (const stored of store.list('.reserved', how)) {
    const id = idOfReservation(stored.key);
    if (id !== undefined) found.set(id, stored);
  }
  return found;
}

interface Removal {
  readonly removed: readonly Stored[];
  readonly locked: readonly Locked[];
}

/** A backup's reservation stays with those of its files that locks keep, so that they are known the next time. */
async function removeAll({ store, clock }: Repository, gone: readonly Stored[], how: PruneHow): Promise<Removal> {
  const tell = pacedProgress(how, clock);
  const locked: Locked[] = [];
  const removed: Stored[] = [];
  const keptIds = new Set<string>();
  for (const [at, stored] of gone.entries()) {
    const { key } = stored;
    if (keptIds.has(idOfReservation(key) ?? '')) continue;
    const kept = await deleteUnlocked(store, key, how);
    if (kept === undefined) removed.push(stored);
    else {
      locked.push(kept);
      keptIds.add(idOfFile(key));
    }
    tell({ phase: 'delete', items: at + 1, totalItems: gone.length, sizeBytes: 0, current: key });
  }
  return { removed, locked };
}

function lockedFiles(locked: readonly Locked[], sizeBytes: number): LockedFiles {
  const until = locked.reduce<Date | undefined>((last, one) => laterEnd(last, one.until), undefined);
  return { files: locked.length, sizeBytes, until };
}

function sizeOf(files: readonly Stored[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

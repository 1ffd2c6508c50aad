/** Which repositories have the members of a recovery point: each can stand in for another. */
import type { Engine, Snapshot } from '../../engines/engine.ts';
import type { RepositoryHandle } from '../handles.ts';
import { type RecoveryPoint, recoveryPoints } from '../recovery-point.ts';
import { isSameSnapshot } from '../same-snapshot.ts';
import { better, type Found, type Shelf } from './shelf.ts';

/** One member of what was found. */
export interface LocatedMember {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly snapshot: Snapshot;
  /** The same source of the same recovery point in other repositories, in their order. */
  readonly copies: readonly StoredCopy[];
}

export type StoredCopy = Omit<LocatedMember, 'copies'>;

/**
 * What was found, each snapshot with its copies, in the order they were taken. Members of the recovery point that only other
 * repositories have are among them.
 */
export function membersOf(found: Found, shelves: readonly Shelf[]): LocatedMember[] {
  const own = found.snapshots.map((snapshot) => ({ ...storedIn(found, snapshot), copies: [] }));
  const elsewhere = found.point === undefined ? [] : missingMembers(found, found.point, shelves);
  const stored: readonly StoredCopy[] = [...own, ...elsewhere];
  const ordered = found.point === undefined ? found.snapshots : orderedMembers(stored);
  return ordered.map((snapshot) => {
    const { repository, engine } = stored.find((one) => one.snapshot === snapshot)!;
    const others = shelves.filter((shelf) => shelf.repository !== repository);
    const copies = others.flatMap((shelf) => copyIn(shelf, snapshot) ?? []);
    return { repository, engine, snapshot, copies };
  });
}

function storedIn({ repository, engine }: Pick<Shelf, 'repository' | 'engine'>, snapshot: Snapshot): StoredCopy {
  return { repository, engine, snapshot };
}

function orderedMembers(stored: readonly StoredCopy[]): readonly Snapshot[] {
  return recoveryPoints(stored.map(({ snapshot }) => snapshot)).flatMap(({ members }) => members);
}

function missingMembers(found: Found, point: RecoveryPoint, shelves: readonly Shelf[]): StoredCopy[] {
  const missing = new Map<string, StoredCopy>();
  if (point.complete) return [];
  const there = new Set(found.snapshots.map(({ source }) => source));
  for (const shelf of shelves) {
    if (shelf.repository === found.repository) continue;
    for (const snapshot of shelf.snapshots) {
      if (snapshot.recoveryPoint !== point.id || there.has(snapshot.source) || missing.has(snapshot.source)) continue;
      missing.set(snapshot.source, storedIn(shelf, copyIn(shelf, snapshot)?.snapshot ?? snapshot));
    }
  }
  return [...missing.values()];
}

/** The newest one of the same source of the same run. */
function copyIn(shelf: Shelf, snapshot: Snapshot): StoredCopy | undefined {
  const copy = shelf.snapshots.findLast((one) => isSameSnapshot(one, snapshot));
  return copy === undefined ? undefined : storedIn(shelf, copy);
}

/**
 * The newest recovery point that all repositories together have complete, else the newest there is; from the repository that has most
 * of it. Every one given has a point.
 */
export function newestPoint(all: readonly Found[]): Found | undefined {
  const together = recoveryPoints(all.flatMap(({ snapshots }) => snapshots));
  const chosen = together.findLast(({ complete }) => complete) ?? together.at(-1);
  return all.filter(({ point }) => point?.id === chosen?.id).reduce<Found | undefined>(better, undefined);
}

/** What a verification says of each snapshot. */
import type { Listing, Snapshot, VerifyReport } from '../engines/engine.ts';

export interface SnapshotResult {
  readonly id: string;
  /** '' where it is not known. */
  readonly source: string;
  /** Undefined where the snapshot can not be read. */
  readonly time: Date | undefined;
  readonly ok: boolean;
  /** The first thing that is wrong; '' when nothing is. */
  readonly message: string;
}

export interface Looked {
  readonly snapshots: readonly Snapshot[];
  /** Snapshots that can not even be read. */
  readonly unreadable: Listing['unreadable'];
}

/** Newest first; what can not be read comes before all others. */
export function snapshotResults({ snapshots, unreadable }: Looked, { problems }: VerifyReport): SnapshotResult[] {
  const wrong = new Map<string, string>();
  for (const { affects, message } of problems) {
    for (const { snapshot } of affects) if (!wrong.has(snapshot)) wrong.set(snapshot, message);
  }
  const unread = unreadable.map(({ id, error }) => ({
    ...{ id, source: '', time: undefined, ok: false },
    message: wrong.get(id) ?? error.message,
  }));
  const known = new Set(snapshots.map(({ id }) => id));
  const gone = [...wrong].filter(([id]) => !known.has(id) && !unreadable.some((one) => one.id === id));
  const lost = gone.map(([id, message]) => ({ id, source: '', time: undefined, ok: false, message }));
  const newestFirst = snapshots.toSorted((left, right) => right.time.getTime() - left.time.getTime());
  const read = newestFirst.map(({ id, source, time }): SnapshotResult => {
    const message = wrong.get(id) ?? '';
    return { id, source, time, ok: message === '', message };
  });
  return [...unread, ...lost, ...read];
}

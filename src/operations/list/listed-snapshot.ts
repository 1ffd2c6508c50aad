/** A snapshot as a list shows it: with what is known of it, and where its copies are. */
import type { Snapshot } from '../../engines/engine.ts';
import type { ActivePin } from '../../rules/pins.ts';
import type { Pins } from '../pins.ts';
import { samenessKey } from '../same-snapshot.ts';
import type { SnapshotState, StatesOf } from '../snapshot-states.ts';

/** What kind of thing was backed up. */
export type SnapshotType = 'database' | 'files';

export interface ListedSnapshot extends Snapshot, SnapshotState {
  /** Undefined where nothing tells it. */
  readonly type: SnapshotType | undefined;
  readonly sizeBytes: number | undefined;
  readonly ageSeconds: number;
  /** Names of all repositories that have it, this one among them. */
  readonly copies: readonly string[];
  /** False for a member of a recovery point that lacks others. */
  readonly complete: boolean;
  /** What keeps it from being removed; empty where it is not pinned. */
  readonly pins: readonly ActivePin[];
}

/** Failed backups, the damaged and the unreadable are `failed`; what was cut short, or lacks the others of its run, is `incomplete`. */
export type ListStatus = 'ok' | 'failed' | 'incomplete';

export interface ListFilter {
  readonly sources?: readonly string[] | undefined;
  readonly hosts?: readonly string[] | undefined;
  readonly job?: string | undefined;
  readonly type?: SnapshotType | undefined;
  readonly statuses?: readonly ListStatus[] | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** Whether something of that source and time may be shown; other parts of the filter are about snapshots alone. */
export function isWithin(one: { readonly source: string; readonly time: Date }, filter: ListFilter): boolean {
  const { sources, since, until } = filter;
  return (
    (sources === undefined || sources.includes(one.source)) &&
    (since === undefined || one.time >= since) &&
    (until === undefined || one.time <= until)
  );
}

export function hasStatus(status: ListStatus, { statuses }: ListFilter): boolean {
  return statuses === undefined || statuses.includes(status);
}

export function statusOf({ state, complete }: Pick<ListedSnapshot, 'state' | 'complete'>): ListStatus {
  if (state === 'bad') return 'failed';
  return complete ? 'ok' : 'incomplete';
}

export interface Known {
  readonly now: Date;
  readonly stateOf: StatesOf;
  /** Names of repositories by {@link samenessKey}. */
  readonly copies: ReadonlyMap<string, readonly string[]>;
  /** Bytes of all its files; undefined where nothing tells it. */
  readonly sizeOf: (snapshot: Snapshot) => number | undefined;
  /** Ids of the recovery points that lack a member. */
  readonly incomplete: ReadonlySet<string>;
  readonly pins: Pins;
  /** Of a configured source. */
  readonly typeOf: (source: string) => SnapshotType | undefined;
}

export function listedSnapshot(snapshot: Snapshot, known: Known): ListedSnapshot {
  const { id, time, source } = snapshot;
  return {
    ...snapshot,
    ...known.stateOf(id),
    type: namedType(id) ?? known.typeOf(source),
    sizeBytes: known.sizeOf(snapshot),
    ageSeconds: Math.round((known.now.getTime() - time.getTime()) / 1000),
    copies: known.copies.get(samenessKey(snapshot)) ?? [],
    pins: known.pins.get(id) ?? [],
    complete: !known.incomplete.has(snapshot.recoveryPoint),
  };
}

/** Archives are named after what is in them. */
function namedType(id: string): SnapshotType | undefined {
  const match = /^(database|files)_/.exec(id);
  return match === null ? undefined : (match[1] as SnapshotType);
}

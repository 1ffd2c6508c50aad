/** Snapshots that stay whatever the retention policy of their series says. */
import type { Snapshot } from '../engines/engine.ts';
import { pinText } from '../rules/pins.ts';
import type { Pins } from './pins.ts';
import { recoveryPoints } from './recovery-point.ts';

/** A snapshot with this tag stays until the tag is taken away. */
export const HOLD_TAG = 'hold';

export interface PinHow {
  readonly jobs: readonly string[];
  /** Ids of snapshots that were drilled or restored whole. */
  readonly proven: ReadonlySet<string>;
  /** Ids of snapshots that were found damaged. */
  readonly damaged: ReadonlySet<string>;
  /** Ids of snapshots that are being restored. */
  readonly restoring: ReadonlySet<string>;
  readonly pins: Pins;
}

/** Snapshots with the reasons why they stay. */
export function pinnedSnapshots(snapshots: readonly Snapshot[], how: PinHow): ReadonlyMap<string, readonly string[]> {
  const pinned = new Map<string, string[]>();
  const pin = (id: string, reason: string) => {
    const reasons = pinned.get(id) ?? [];
    if (!reasons.includes(reason)) pinned.set(id, [...reasons, reason]);
  };
  const times = new Map(snapshots.map(({ id, time }) => [id, time.getTime()]));
  for (const { id, tags, time, parent = '' } of snapshots) {
    if (how.restoring.has(id)) pin(id, 'being restored');
    for (const one of how.pins.get(id) ?? []) pin(id, pinText(one));
    if (tags.includes(HOLD_TAG)) pin(id, `tagged ${HOLD_TAG}`);
    // What was stored last may look like the oldest.
    if ((times.get(parent) ?? 0) > time.getTime()) pin(id, 'dated before the snapshot it followed: a clock was wrong');
  }
  for (const [id, reason] of pointPins(snapshots, how)) pin(id, reason);
  return pinned;
}

/** All members of the newest complete recovery point of each job, none of them damaged, and of its newest proven one: retention looks at one series at a time. */
function pointPins(snapshots: readonly Snapshot[], { jobs, proven, damaged }: PinHow): [id: string, reason: string][] {
  const points = recoveryPoints(snapshots).filter((point) => point.complete && point.members[0]!.recoveryPoint !== '');
  return jobs.flatMap((job) => {
    const own = points.filter((point) => point.job === job);
    const newestProven = own.findLast((point) => point.members.every((snapshot) => proven.has(snapshot.id)));
    const newestGood = own.findLast((point) => point.members.every((snapshot) => !damaged.has(snapshot.id)));
    const members = (of: typeof newestProven, reason: string) =>
      (of?.members ?? []).map(({ id }): [string, string] => [id, reason]);
    return [
      ...members(newestGood, 'in the newest complete recovery point'),
      ...members(newestProven, 'in the newest proven recovery point'),
    ];
  });
}

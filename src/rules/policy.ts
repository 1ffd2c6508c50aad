import { PERIODS, type Period } from './calendar.ts';

/** How many of a kind to keep. */
export type Count = number | 'all';

/**
 * What to keep: the union of all rules that are set. `last` counts snapshots; the periods count the newest snapshot of each
 * hour, day, ISO week, month or year that has one. Durations are milliseconds back from the newest snapshot, so that
 * nothing expires while no backups are made.
 */
export interface RetentionPolicy extends Readonly<Partial<Record<Period, Count>>> {
  readonly last?: Count;
  /** Everything younger than this. */
  readonly withinMs?: number;
  /** The newest of each period among those younger than this. */
  readonly periodsWithinMs?: Readonly<Partial<Record<Period, number>>>;
  /** Snapshots that have all tags of at least one of these lists. */
  readonly tags?: readonly (readonly string[])[];
}

/** True when no rule of the policy keeps anything. */
export function isEmptyPolicy(policy: RetentionPolicy): boolean {
  const counts = [policy.last, ...PERIODS.map((period) => policy[period])];
  const durations = [policy.withinMs, ...Object.values(policy.periodsWithinMs ?? {})];
  const some = counts.some((count) => count === 'all' || (count ?? 0) > 0) || durations.some((ms) => (ms ?? 0) > 0);
  return !some && !(policy.tags ?? []).some((list) => list.length > 0);
}

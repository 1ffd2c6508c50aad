/** Whether to believe the time that a snapshot claims, where a service says when it was stored. Pure. */

/** A backup may take this long: its time is when it began. */
const LATE_AFTER_MS = 24 * 3_600_000;
/** Clocks differ, and services tell whole seconds. */
const EARLY_TOLERANCE_MS = 10 * 60_000;

/**
 * True for what was stored more than a day after the time it claims, or before it: copies of something old, what was backed up with a wrong clock, and
 * what somebody dated so that it would push out others. No time of storing is nothing known against it.
 */
export function cameLate(claimed: Date, storedAt: Date | undefined): boolean {
  if (storedAt === undefined) return false;
  const ageMs = storedAt.getTime() - claimed.getTime();
  // A time that is none is not believed either.
  return !(ageMs <= LATE_AFTER_MS && ageMs >= -EARLY_TOLERANCE_MS);
}

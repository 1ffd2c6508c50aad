/** Whether what is done by schedule was done. */
import { lastDue, nextRuns } from './schedule-times.ts';

export interface Due {
  /** A valid one. */
  readonly schedule: string;
  readonly timeZone: string;
}

/**
 * When it was due twice already and was not done since: the first of the two times. One that is due now may be under way, so that is none.
 * What was never done is not overdue: it may be new.
 */
export function overdueSince(dues: readonly Due[], doneAt: Date | undefined, now: Date): Date | undefined {
  if (doneAt === undefined) return undefined;
  const missed = dues.flatMap(({ schedule, timeZone }) => {
    const last = lastDue(schedule, { timeZone, now });
    const before = last === undefined ? undefined : lastDue(schedule, { timeZone, now: new Date(last.getTime() - 1) });
    return before !== undefined && doneAt < before ? [before.getTime()] : [];
  });
  return missed.length === 0 ? undefined : new Date(Math.min(...missed));
}

/** The next time that one of the schedules comes. */
export function nextDue(dues: readonly Due[], now: Date): Date | undefined {
  const times = dues.flatMap(({ schedule, timeZone }) => nextRuns(schedule, { timeZone, after: now, count: 1 }));
  return times.length === 0 ? undefined : new Date(Math.min(...times.map((time) => time.getTime())));
}

/**
 * When a schedule comes. Times are those on the clocks of a time zone: one that is skipped in spring comes at the end of the gap, one
 * that occurs twice in autumn comes once; every hour means every hour that passes.
 */
import { Cron } from 'croner';
import { isEitherDay, plainSchedule, scheduleFields } from './schedule-fields.ts';

const MINUTE_MS = 60_000;

export interface NextHow {
  readonly timeZone: string;
  /** Exclusive. */
  readonly after: Date;
  readonly count: number;
}

/** The next times, in order; fewer where there are no more. `schedule` is a valid one. */
export function nextRuns(schedule: string, { timeZone, after, count }: NextHow): Date[] {
  return cronOf(schedule, timeZone).nextRuns(count, after);
}

/** The last time at or before `now`; undefined when it never came. */
export function lastDue(schedule: string, { timeZone, now }: { readonly timeZone: string; readonly now: Date }) {
  // Schedules come at whole minutes, and the library looks before its reference.
  const nextMinute = new Date((Math.floor(now.getTime() / MINUTE_MS) + 1) * MINUTE_MS);
  const [last] = cronOf(schedule, timeZone).previousRuns(1, nextMinute);
  return last;
}

function cronOf(schedule: string, timeZone: string): Cron {
  const fields = scheduleFields(schedule);
  return new Cron(plainSchedule(fields), { mode: '5-part', timezone: timeZone, domAndDow: !isEitherDay(fields) });
}

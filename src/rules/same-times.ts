/** Whether a scheduler with the clock of one time zone can follow a schedule of another. */
import { localTime } from './calendar.ts';
import { scheduleFields } from './schedule-fields.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Two years: each change to summer time and back, twice. */
const DAYS = 731;

/** True when both zones show the same time for the two years after `now`, or differ by whole hours and the schedule comes every hour of each day. */
export function hasSameTimes(schedule: string, one: string, other: string, now: Date): boolean {
  if (one === other) return true;
  const { hour, day, month, weekday } = scheduleFields(schedule);
  const isHourly = [hour, day, month, weekday].every(({ isFull }) => isFull);
  for (let at = 0; at <= DAYS; at++) {
    const time = new Date(now.getTime() + at * DAY_MS);
    const apartMs = localTime(time, one).offsetMs - localTime(time, other).offsetMs;
    if (isHourly ? apartMs % HOUR_MS !== 0 : apartMs !== 0) return false;
  }
  return true;
}

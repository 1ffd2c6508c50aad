/** Calendar arithmetic in a named time zone, safe across daylight-saving changes. */
import { SuretyError } from '../base/errors.ts';

/** A moment as the clocks on the wall of a time zone show it. */
export interface LocalTime {
  readonly year: number;
  /** 1–12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Local time minus UTC. */
  readonly offsetMs: number;
}

export type Period = 'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly';
export const PERIODS: readonly Period[] = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'];

const formatters = new Map<string, Intl.DateTimeFormat>();

/** True for names such as `Europe/London` and `UTC`. */
export function isTimeZone(name: string): boolean {
  try {
    formatter(name);
    return true;
  } catch {
    return false;
  }
}

/** `time` on the clocks of `timeZone`. Throws `time-zone.unknown`. */
export function localTime(time: Date, timeZone: string): LocalTime {
  const numbers: Record<string, number> = {};
  for (const { type, value } of formatter(timeZone).formatToParts(time)) numbers[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = numbers;
  const wholeSeconds = Math.floor(time.getTime() / 1000) * 1000;
  const offsetMs = Date.UTC(year, month - 1, day, hour, minute, second) - wholeSeconds;
  return { year, month, day, hour, minute, second, offsetMs };
}

/**
 * The moment at which the clocks of `timeZone` show these numbers (as given to `Date.UTC`, months from 0). A time that
 * occurs twice is the first one; one that is skipped in spring is moved by the length of the gap.
 */
export function fromLocalTime(asUtcMs: number, timeZone: string): Date {
  const around = [asUtcMs - 86_400_000, asUtcMs + 86_400_000].map((ms) => localTime(new Date(ms), timeZone).offsetMs);
  const [before = 0, after = 0] = around;
  const first = asUtcMs - before;
  if (localTime(new Date(first), timeZone).offsetMs === before) return new Date(first);
  const second = asUtcMs - after;
  if (localTime(new Date(second), timeZone).offsetMs === after) return new Date(second);
  return new Date(first);
}

/** A name for the hour, day, ISO week, month or year a moment is in; equal only for the same one. */
export function periodOf(time: Date, period: Period, timeZone: string): string {
  const local = localTime(time, timeZone);
  const month = `${padded(local.year, 4)}-${padded(local.month, 2)}`;
  const day = `${month}-${padded(local.day, 2)}`;
  switch (period) {
    case 'hourly':
      // The offset tells the two equal hours of an autumn night apart.
      return `${day} ${padded(local.hour, 2)}h${offsetName(local.offsetMs)}`;
    case 'daily':
      return day;
    case 'weekly':
      return isoWeek(local);
    case 'monthly':
      return month;
    case 'yearly':
      return padded(local.year, 4);
  }
}

/** ISO 8601: weeks begin on Monday, and belong to the year that has their Thursday. */
function isoWeek({ year, month, day }: LocalTime): string {
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7) + 3);
  const weekYear = date.getUTCFullYear();
  const week = 1 + Math.floor((date.getTime() - Date.UTC(weekYear, 0, 1)) / 604_800_000);
  return `${padded(weekYear, 4)}-W${padded(week, 2)}`;
}

function offsetName(offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  return `${offsetMs < 0 ? '-' : '+'}${padded(Math.floor(minutes / 60), 2)}:${padded(minutes % 60, 2)}`;
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  try {
    const made = new Intl.DateTimeFormat('en-GB-u-ca-iso8601-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timeZone, made);
    return made;
  } catch (cause) {
    throw new SuretyError('time-zone.unknown', `there is no time zone named ${timeZone}`, {
      hint: 'use a name such as Europe/London or UTC',
      cause,
    });
  }
}

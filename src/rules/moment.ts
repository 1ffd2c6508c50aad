/** Times as people type them, for `--at`, `--since` and `--until`. */
import { parseDuration } from '../base/durations.ts';
import { SuretyError } from '../base/errors.ts';
import { fromLocalTime, localTime } from './calendar.ts';

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i;

export interface MomentHow {
  readonly now: Date;
  readonly timeZone: string;
  /** Which end of a day, or of a time without seconds, is meant. Default its end: "at" asks for the state by then. */
  readonly edge?: 'start' | 'end';
}

/**
 * The moment that `text` names: `2026-11-20 03:07`, `2026-11-20T03:07:00Z`, `now`, `yesterday`, `36h ago`. Without an offset it is
 * in `timeZone`. Throws `value.time`.
 */
export function parseMoment(text: string, how: MomentHow): Date {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === 'now') return how.now;
  if (trimmed === 'today' || trimmed === 'yesterday') return edgeOfDay(how, trimmed === 'today' ? 0 : -1);
  if (trimmed.endsWith(' ago')) return new Date(how.now.getTime() - durationOf(trimmed.slice(0, -4), text));
  return parseIso(text.trim(), text, how);
}

function edgeOfDay({ now, timeZone, edge }: MomentHow, days: number): Date {
  const { year, month, day } = localTime(now, timeZone);
  if (edge === 'start') return fromLocalTime(Date.UTC(year, month - 1, day + days), timeZone);
  return justBefore(fromLocalTime(Date.UTC(year, month - 1, day + days + 1), timeZone));
}

function parseIso(trimmed: string, text: string, { timeZone, edge }: MomentHow): Date {
  const match = ISO.exec(trimmed);
  if (match === null) throw notATime(text);
  const [, year, month, day, hour, minute, second, fraction, offset] = match;
  const startMs = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
  );
  if (!isSameClock(startMs, match)) throw notATime(text);
  const place = (ms: number) => (offset === undefined ? fromLocalTime(ms, timeZone) : new Date(ms - offsetMs(offset)));
  if (edge === 'start' && fraction === undefined) return place(startMs);
  if (hour === undefined) return justBefore(place(Date.UTC(Number(year), Number(month) - 1, Number(day) + 1)));
  if (second === undefined) return justBefore(place(startMs + 60_000));
  if (fraction === undefined) return justBefore(place(startMs + 1000));
  return new Date(place(startMs).getTime() + Math.floor(Number(`0.${fraction}`) * 1000));
}

/** False for days and times that do not exist, such as the 31st of June: `Date.UTC` would move them on. */
function isSameClock(ms: number, [, year, month, day, hour, minute, second]: readonly (string | undefined)[]): boolean {
  const date = new Date(ms);
  const is = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours()];
  const asked = [year, month, day, hour ?? 0].map(Number);
  const rest = date.getUTCMinutes() === Number(minute ?? 0) && date.getUTCSeconds() === Number(second ?? 0);
  return rest && is.every((value, at) => value === asked[at]);
}

function offsetMs(offset: string): number {
  if (offset.toUpperCase() === 'Z') return 0;
  const digits = offset.slice(1).replace(':', '');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}

function durationOf(duration: string, text: string): number {
  try {
    return parseDuration(duration);
  } catch {
    throw notATime(text);
  }
}

function justBefore(time: Date): Date {
  return new Date(time.getTime() - 1);
}

function notATime(text: string): SuretyError {
  return new SuretyError('value.time', `"${text}" is not a time`, {
    hint: 'write a time such as 2026-11-20, "2026-11-20 03:07", 2026-11-20T03:07:00Z, yesterday or "36h ago"',
  });
}

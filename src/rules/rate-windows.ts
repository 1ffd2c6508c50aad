/** Which rate holds when: limits of a line by time of day. */
import { localTime } from './calendar.ts';

/** Bytes a second; undefined: as fast as it goes. */
export interface Rates {
  readonly upload?: number | undefined;
  readonly download?: number | undefined;
}

/** Limits for a part of the day. */
export interface RateWindow extends Rates {
  /** Minutes after midnight, on the clocks of the time zone. From 22:00 to 06:00 goes over midnight; `from` is in it, `to` is not. */
  readonly from: number;
  readonly to: number;
  /** Undefined: that of the machine. */
  readonly timeZone: string | undefined;
}

const MINUTES_OF_DAY = 24 * 60;

/**
 * The rates at a time: those of the first window that it is in, none outside of all. An hour that the clocks show twice in autumn is in
 * a window both times; one that they leave out in spring is not missed.
 */
export function ratesAt(windows: readonly RateWindow[], time: Date, systemTimeZone: string): Rates {
  const window = windows.find(({ from, to, timeZone }) => {
    const { hour, minute } = localTime(time, timeZone ?? systemTimeZone);
    const now = hour * 60 + minute;
    return from < to ? now >= from && now < to : now >= from || now < to;
  });
  return { upload: window?.upload, download: window?.download };
}

/** Limits that hold at any time. */
export function always(rates: Rates): RateWindow[] {
  return [{ ...rates, from: 0, to: MINUTES_OF_DAY, timeZone: undefined }];
}

/** Minutes after midnight of `08:30`, `24:00` is the end of the day; undefined when it is no time of day. */
export function minutesOf(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [hours, minutes] = [Number(match[1]), Number(match[2])];
  const sum = hours * 60 + minutes;
  return minutes < 60 && sum <= MINUTES_OF_DAY ? sum : undefined;
}

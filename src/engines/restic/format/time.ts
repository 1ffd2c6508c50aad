/**
 * Times as the repository's JSON writes them: RFC 3339 with up to nine decimals, as Go prints `time.Time`.
 * In the program a time is a bigint of nanoseconds since 1970.
 */
const SECOND = 1_000_000_000n;
const DAY_SECONDS = 86_400;
const FIRST_SECOND = -62_167_219_200;
const LAST_SECOND = 253_402_300_799;

let lastSecond = Number.NaN;
let lastText = '';
let lastDay = Number.NaN;
let lastDate = '';

/** `00` to `59`, so that the time of day costs no number formatting. */
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** `2026-11-20T03:07:00.5Z`: always UTC, decimals without trailing zeros. Years before 0 or after 9999 become 0 or 9999. */
export function formatTime(timeNs: bigint): string {
  let second = timeNs / SECOND;
  let nanos = Number(timeNs - second * SECOND);
  if (nanos < 0) {
    nanos += 1_000_000_000;
    second -= 1n;
  }
  return formatSecond(clampYear(Number(second))) + decimals(nanos);
}

function formatSecond(second: number): string {
  if (second === lastSecond) return lastText;
  const day = Math.floor(second / DAY_SECONDS);
  if (day !== lastDay) {
    lastDate = new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 11);
    lastDay = day;
  }
  const time = second - day * DAY_SECONDS;
  const hours = TWO_DIGITS[Math.floor(time / 3600)];
  const minutes = TWO_DIGITS[Math.floor(time / 60) % 60];
  lastText = `${lastDate}${hours}:${minutes}:${TWO_DIGITS[time % 60]}`;
  lastSecond = second;
  return lastText;
}

function decimals(nanos: number): string {
  if (nanos === 0) return 'Z';
  let digits = 9;
  while (nanos % 10 === 0) {
    nanos /= 10;
    digits -= 1;
  }
  return `.${String(nanos).padStart(digits, '0')}Z`;
}

/** Keeps everything but the year, as restic does, so that the time can be written with four digits. */
function clampYear(second: number): number {
  if (second >= FIRST_SECOND && second <= LAST_SECOND) return second;
  const date = new Date(second * 1000);
  if (Number.isNaN(date.getTime())) return second < 0 ? FIRST_SECOND : LAST_SECOND;
  date.setUTCFullYear(second < 0 ? 0 : 9999);
  return date.getTime() / 1000;
}

/** The time that a text in RFC 3339 says, whatever its offset, or undefined when it is none. Decimals beyond the ninth are dropped. */
export function parseTime(text: string): bigint | undefined {
  const second = parseSecond(text);
  if (second === undefined) return undefined;
  let at = 19;
  let nanos = 0;
  if (text.charCodeAt(at) === 0x2e || text.charCodeAt(at) === 0x2c) {
    const from = ++at;
    let scale = 100_000_000;
    for (; at < text.length; at++) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      nanos += digit * scale;
      scale = scale === 1 ? 0 : scale / 10;
    }
    if (at === from) return undefined;
  }
  const offset = parseOffset(text, at);
  return offset === undefined ? undefined : BigInt(second - offset) * SECOND + BigInt(nanos);
}

/** Seconds of `YYYY-MM-DDThh:mm:ss` as if it were UTC. */
function parseSecond(text: string): number | undefined {
  if (text.length < 20 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45 || text.charCodeAt(10) !== 84) return;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return undefined;
  const year = pair(text, 0) * 100 + pair(text, 2);
  const month = pair(text, 5);
  const day = pair(text, 8);
  const hour = pair(text, 11);
  const minute = pair(text, 14);
  const second = pair(text, 17);
  // A part that is not two digits is NaN, and NaN fails each of these.
  const valid = year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!valid || !(hour < 24) || !(minute < 60) || !(second < 60)) return undefined;
  return dayNumber(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second;
}

function parseOffset(text: string, at: number): number | undefined {
  const sign = text[at];
  if (sign === 'Z') return text.length === at + 1 ? 0 : undefined;
  if ((sign !== '+' && sign !== '-') || text.length !== at + 6 || text[at + 3] !== ':') return undefined;
  const hours = pair(text, at + 1);
  const minutes = pair(text, at + 4);
  if (!(hours < 25) || !(minutes < 60)) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

function pair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Days from 1970-01-01 in the Gregorian calendar; years are counted from March so that the leap day is the last. */
function dayNumber(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** A `Date` as nanoseconds. */
export function dateToNs(date: Date): bigint {
  return BigInt(date.getTime()) * 1_000_000n;
}

/** Nanoseconds as a `Date`, which keeps milliseconds. */
export function nsToDate(timeNs: bigint): Date {
  return new Date(Number(timeNs / 1_000_000n));
}

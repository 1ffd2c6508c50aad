import { SuretyError } from './errors.ts';

const UNITS = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

const UNIT_MS: Readonly<Record<string, number>> = Object.fromEntries(UNITS);

/**
 * Milliseconds of a duration such as `24h`, `7d`, `1h30m` or `500ms`. Units: y, w, d, h, m (minutes), s, ms. A day is always
 * 24 hours and a year 365 days; a month has no fixed length and is no unit. Fails with `value.duration`.
 */
export function parseDuration(text: string): number {
  const compact = text.trim().replace(/\s+/g, '');
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[ywdhms]))+$/.test(compact)) throw notADuration(text);
  let totalMs = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|[ywdhms])/g)) {
    totalMs += Number(amount) * UNIT_MS[unit!]!;
  }
  const rounded = Math.round(totalMs);
  if (!Number.isSafeInteger(rounded)) throw notADuration(text);
  return rounded;
}

function notADuration(text: string): SuretyError {
  return new SuretyError('value.duration', `"${text}" is not a duration`, {
    hint: 'write a number and a unit, such as 30s, 15m, 24h or 7d',
  });
}

const SPAN_UNITS = UNITS.filter(([unit]) => unit !== 'y' && unit !== 'w');

/** A duration as it may be written: `7d`, `36h`, `90s`; in the largest unit that needs no fraction. */
export function spanName(ms: number): string {
  const span = SPAN_UNITS.find(([, unitMs]) => ms % unitMs === 0);
  return span === undefined ? `${ms}ms` : `${ms / span[1]}${span[0]}`;
}

/** How long something took, for people: `85 ms`, `4.2 s`, `3m 05s`, `2h 07m`, `3d 04h`. */
export function formatElapsed(elapsedMs: number): string {
  if (elapsedMs < 999.5) return `${Math.round(elapsedMs)} ms`;
  if (elapsedMs < 59_950) return `${(elapsedMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(elapsedMs / 1000);
  if (seconds < 3600) return pair(seconds, 60, 'm', 1, 's');
  if (seconds < 86_400) return pair(seconds, 3600, 'h', 60, 'm');
  return pair(seconds, 86_400, 'd', 3600, 'h');
}

function pair(seconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)}${largeUnit} ${String(rest).padStart(2, '0')}${smallUnit}`;
}

/** Whether a backup is unlike those before it: no failure, but worth a look. */
import { formatBytes } from '../base/bytes.ts';
import { formatElapsed } from '../base/durations.ts';

/** One source into one repository, done. */
export interface Measured {
  readonly durationMs: number;
  /** Of its content; undefined when not known. */
  readonly sizeBytes: number | undefined;
}

export interface Oddity {
  readonly what: 'duration' | 'size';
  /** Follows what it is said of: `this backup`. */
  readonly text: string;
}

/** So many of the newest runs before it count; few, so that what has become usual is soon taken for that. */
const COUNTED = 7;
/** With fewer nobody knows what is usual. */
const LEAST_COUNTED = 4;
const SIZE_FACTOR = 2;
const LEAST_DIFFERENCE_BYTES = 1024 ** 2;
const DURATION_FACTOR = 3;
const LEAST_DIFFERENCE_MS = 5 * 60_000;

/**
 * Compares with the median of the runs before, which are newest first. A size is odd when it is more than double or less than half; a duration
 * when it is more than three times as long. A short run is not: a night in which little changed is one, and what is missing shows in the size.
 */
export function oddities(now: Measured, before: readonly Measured[]): readonly Oddity[] {
  const found: Oddity[] = [];
  const recent = before.slice(0, COUNTED);
  const usualBytes = usual(recent.flatMap(({ sizeBytes }) => sizeBytes ?? []));
  if (now.sizeBytes !== undefined && usualBytes !== undefined && isOddSize(now.sizeBytes, usualBytes)) {
    const than = now.sizeBytes > usualBytes ? 'larger' : 'smaller';
    const text = `is much ${than} than usual: ${formatBytes(now.sizeBytes)}, and about ${formatBytes(usualBytes)} before`;
    found.push({ what: 'size', text });
  }
  const usualMs = usual(recent.map(({ durationMs }) => durationMs));
  if (usualMs !== undefined && isLong(now.durationMs, usualMs)) {
    const text = `took much longer than usual: ${formatElapsed(now.durationMs)}, and about ${formatElapsed(usualMs)} before`;
    found.push({ what: 'duration', text });
  }
  return found;
}

function isOddSize(bytes: number, usualBytes: number): boolean {
  if (Math.abs(bytes - usualBytes) < LEAST_DIFFERENCE_BYTES) return false;
  return bytes > usualBytes * SIZE_FACTOR || bytes < usualBytes / SIZE_FACTOR;
}

function isLong(ms: number, usualMs: number): boolean {
  return ms > usualMs * DURATION_FACTOR && ms - usualMs >= LEAST_DIFFERENCE_MS;
}

/** The median; of an even number the lower one of the two in the middle. */
function usual(values: readonly number[]): number | undefined {
  if (values.length < LEAST_COUNTED) return undefined;
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

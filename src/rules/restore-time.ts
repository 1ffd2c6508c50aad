/** How long getting something back takes, by what was measured. Nothing is made up: without a measurement there is no answer. */

/** A whole restore or drill that went well. */
export interface MeasuredRestore {
  readonly at: Date;
  readonly durationMs: number;
  readonly sizeBytes: number;
}

/** Stored bytes were read back and checked. */
export interface MeasuredReading {
  readonly at: Date;
  readonly durationMs: number;
  readonly readBytes: number;
}

export interface RestoreTime {
  readonly expectedMs: number;
  /** `restores`: of real ones. `reading`: only of reading what is stored; a restore takes at least that long. */
  readonly from: 'restores' | 'reading';
  /** Time of the newest measurement. */
  readonly measuredAt: Date;
  readonly measurements: number;
}

export interface ToRestore {
  /** Of its content; undefined when not known. */
  readonly sizeBytes: number | undefined;
  /** What has to be read for it; undefined where it shares what is stored with others. */
  readonly storedBytes: number | undefined;
}

/** So many of the newest restores count. */
const COUNTED = 3;
/** What was measured on less than this share tells nothing of the whole. */
const LEAST_SHARE = 0.1;
const LEAST_READ_BYTES = 1024 ** 2;

/** The slowest of the newest restores, stretched where there is more to restore now. Both lists are newest first. */
export function restoreTime(
  { sizeBytes, storedBytes }: ToRestore,
  restores: readonly MeasuredRestore[],
  readings: readonly MeasuredReading[],
): RestoreTime | undefined {
  const telling = restores.filter((one) => one.sizeBytes >= (sizeBytes ?? 0) * LEAST_SHARE).slice(0, COUNTED);
  const [newest] = telling;
  if (newest !== undefined) {
    const expected = telling.map((one) => one.durationMs * Math.max(1, ratio(sizeBytes ?? 0, one.sizeBytes)));
    const head = { measuredAt: newest.at, measurements: telling.length };
    return { expectedMs: Math.round(Math.max(...expected)), from: 'restores', ...head };
  }
  const reading = readings.find((one) => one.readBytes >= LEAST_READ_BYTES);
  if (reading === undefined || storedBytes === undefined) return undefined;
  const expectedMs = Math.round(reading.durationMs * ratio(storedBytes, reading.readBytes));
  return { expectedMs, from: 'reading', measuredAt: reading.at, measurements: 1 };
}

function ratio(part: number, whole: number): number {
  return whole <= 0 ? 1 : part / whole;
}

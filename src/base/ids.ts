/** The one owner of randomness. */
import { randomFillSync } from 'node:crypto';
import { utcStamp } from './clock.ts';

/** Cryptographically strong random bytes. */
export function randomBytes(sizeBytes: number): Buffer<ArrayBuffer> {
  return randomFillSync(Buffer.alloc(sizeBytes));
}

/** Random bytes as lower-case hex digits, two for each byte. */
export function randomHex(sizeBytes: number): string {
  return randomBytes(sizeBytes).toString('hex');
}

/** The id of a run and of the recovery point it makes: `20261120T030700Z-4f9a`. Ids sort by time, to the second. */
export function newRecoveryPointId(startedAt: Date): string {
  return `${utcStamp(startedAt)}-${randomHex(2)}`;
}

/** When the run with this id started, to the second, or undefined when `id` is not one of {@link newRecoveryPointId}. */
export function recoveryPointTime(id: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{4}$/.exec(id);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

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

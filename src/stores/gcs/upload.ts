import { createHash } from 'node:crypto';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { retry } from '../../base/retry.ts';
import { alreadyExists, bodySize, checkBodySize } from '../body.ts';
import { type Part, sendInParts } from '../parts.ts';
import type { Body, PutHow } from '../store.ts';
import type { Bucket } from './bucket.ts';
import { holdsBytes, isTaken, putBytes } from './put-bytes.ts';
import { statObject } from './read.ts';
import { openSession, type Session } from './session.ts';

/** A multiple of 256 KiB, as the service wants it. */
const PART_BYTES = 16 * 2 ** 20;

/**
 * Sends a body in parts of one upload, one after the other: the service takes them in order only. It is an object after the last one;
 * whatever fails before removes the upload. A body of one part is one ordinary put.
 */
export async function putInParts(bucket: Bucket, key: string, body: Body, how: PutHow): Promise<void> {
  const md5 = createHash('md5');
  let session: Session | undefined;
  let attempts = 0;
  let hashedTo = 0;
  const send = async (part: Part, signal: AbortSignal): Promise<void> => {
    attempts += 1;
    if (part.number === 1 && part.last)
      return await putOnly(bucket, key, body, part.bytes, attempts, { ...how, signal });
    session ??= await begin(bucket, key, body, { ...how, signal });
    const end = part.offset + part.bytes.length;
    if (hashedTo === part.offset) md5.update(part.bytes);
    hashedTo = end;
    if (part.last) checkBodySize(key, body, end);
    await session.send(part, part.last ? md5.copy().digest('base64') : undefined, { signal });
  };
  try {
    const partBytes = bucket.options.partSizeBytes ?? PART_BYTES;
    const sending = { signal: how.signal, partBytes, parallel: 1, policy: bucket.policy };
    const sentBytes = await sendInParts(body, sending, send);
    if (session !== undefined) await checkStored(bucket, key, sentBytes, how);
  } catch (error) {
    await session?.cancel();
    if (isTaken(error, how)) throw alreadyExists(key, bucket.location, error);
    throw hasCode(error, 'store.session-lost') ? asPassing(error) : error;
  }
}

async function begin(bucket: Bucket, key: string, body: Body, how: PutHow): Promise<Session> {
  if (how.ifAbsent === true && (await statObject(bucket, key, how)) !== undefined) {
    throw alreadyExists(key, bucket.location);
  }
  return await openSession(bucket, key, bodySize(body), how);
}

/** Sending a part again does not help, sending all from the start does. */
function asPassing({ message, details, cause }: SuretyError): SuretyError {
  return new SuretyError('store.unavailable', message, { retry: 'later', details, cause });
}

async function putOnly(
  bucket: Bucket,
  key: string,
  body: Body,
  bytes: Uint8Array,
  attempt: number,
  how: PutHow,
): Promise<void> {
  checkBodySize(key, body, bytes.length);
  try {
    await putBytes(bucket, key, bytes, how);
  } catch (error) {
    // An earlier attempt may have stored it although its answer was lost.
    const mayBeOurs = attempt > 1 && hasCode(error, 'store.exists', 'store.locked');
    if (!mayBeOurs || !(await holdsBytes(bucket, key, bytes, how))) throw error;
  }
}

async function checkStored(bucket: Bucket, key: string, sizeBytes: number, how: PutHow): Promise<void> {
  const found = await retry(() => statObject(bucket, key, how), { signal: how.signal, policy: bucket.policy });
  if (found?.sizeBytes === sizeBytes) return;
  const size = found === undefined ? 'is not there' : `has ${found.sizeBytes} bytes`;
  throw new SuretyError('store.failed', `${key} ${size} in ${bucket.location} after ${sizeBytes} were sent in parts`, {
    details: { key, sizeBytes },
  });
}

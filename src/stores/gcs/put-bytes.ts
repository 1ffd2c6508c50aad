import { createHash } from 'node:crypto';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { alreadyExists } from '../body.ts';
import type { How, PutHow } from '../store.ts';
import { ask, type Bucket, bucketPath } from './bucket.ts';
import { serviceStatus } from './failure.ts';
import { readObject, statObject } from './read.ts';

/** One request. The object is there as a whole when it is answered, or not at all; the service checks the MD5. */
export async function putBytes(
  bucket: Bucket,
  key: string,
  bytes: Uint8Array,
  how: PutHow,
  md5Hash: string = md5Of(bytes),
): Promise<void> {
  const boundary = `surety-${randomHex(16)}`;
  const head = JSON.stringify({ ...attributes(bucket, key, how), md5Hash });
  const before =
    `--${boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n${head}\r\n` +
    `--${boundary}\r\nContent-Type: application/octet-stream\r\n\r\n`;
  try {
    const { json } = await ask<{ readonly size?: string } | undefined>(bucket, `write ${key}`, how, {
      method: 'POST',
      path: `/upload${bucketPath(bucket)}/o`,
      query: { uploadType: 'multipart', fields: 'size', ...condition(how) },
      headers: { 'content-type': `multipart/related; boundary=${boundary}` },
      bytes: [Buffer.from(before), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)],
    });
    if (json?.size !== String(bytes.length)) throw unconfirmed(bucket, key);
  } catch (error) {
    throw isTaken(error, how) ? alreadyExists(key, bucket.location, error) : error;
  }
}

/** What a proxy answers in place of the service says that all is well, too. */
function unconfirmed(bucket: Bucket, key: string): SuretyError {
  return new SuretyError('store.failed', `${bucket.location} did not say what it stored of ${key}`, {
    hint: 'check the endpoint: the answer is not one of Google Cloud Storage',
    details: { key },
  });
}

export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

/** An object that is not there has generation 0. */
export function condition(how: PutHow): { readonly ifGenerationMatch?: string } {
  return how.ifAbsent === true ? { ifGenerationMatch: '0' } : {};
}

/** Whether a conditional write found the key taken. */
export function isTaken(error: unknown, how: PutHow): boolean {
  return how.ifAbsent === true && serviceStatus(error) === 412;
}

/** What each object of the store gets. There is no access list among it: what the bucket says holds. */
export function attributes(bucket: Bucket, key: string, how: PutHow): object {
  const { storageClass, objectLock } = bucket.options;
  const mode = objectLock === 'locked' ? 'Locked' : 'Unlocked';
  const isLocking = objectLock !== undefined && how.keepUntil !== undefined;
  return {
    name: bucket.prefix + key,
    contentType: 'application/octet-stream',
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(isLocking ? { retention: { mode, retainUntilTime: how.keepUntil.toISOString() } } : {}),
  };
}

/** Whether the object has exactly these bytes. */
export async function holdsBytes(bucket: Bucket, key: string, bytes: Uint8Array, how: How): Promise<boolean> {
  const found = await statObject(bucket, key, how);
  if (found?.sizeBytes !== bytes.length) return false;
  try {
    return Buffer.compare(await readObject(bucket, key, undefined, how), bytes) === 0;
  } catch (error) {
    if (hasCode(error, 'store.not-found')) return false;
    throw error;
  }
}

import { createHash } from 'node:crypto';
import { hasCode } from '../../base/errors.ts';
import { alreadyExists } from '../body.ts';
import type { How, PutHow } from '../store.ts';
import { ask, blobOf, type Container } from './container.ts';
import { serviceCode } from './failure.ts';
import { readBlob, statBlob } from './read.ts';

/** One request. The blob is there as a whole when it is answered, or not at all; the service checks the MD5. */
export async function putBytes(
  container: Container,
  key: string,
  bytes: Uint8Array,
  how: PutHow,
  md5: Uint8Array = md5Of(bytes),
): Promise<void> {
  try {
    await ask(container, `write ${key}`, how, (sending) =>
      blobOf(container, key).upload(asBuffer(bytes), bytes.length, {
        ...sending,
        ...attributes(container, md5),
        ...conditions(how),
        transactionalContentMD5: md5,
      }),
    );
  } catch (error) {
    throw how.ifAbsent === true && isTaken(error) ? alreadyExists(key, container.location, error) : error;
  }
}

export function md5Of(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}

export function conditions(how: PutHow): { readonly conditions?: { readonly ifNoneMatch: string } } {
  return how.ifAbsent === true ? { conditions: { ifNoneMatch: '*' } } : {};
}

/** Whether a conditional write found the key taken. */
export function isTaken(error: unknown): boolean {
  return ['BlobAlreadyExists', 'ConditionNotMet', 'TargetConditionNotMet'].includes(serviceCode(error));
}

/** What each blob of the store gets. */
export function attributes({ options: { tier } }: Container, blobContentMD5?: Uint8Array) {
  const blobHTTPHeaders = { blobContentType: 'application/octet-stream', ...(blobContentMD5 && { blobContentMD5 }) };
  return { blobHTTPHeaders, ...(tier === undefined ? {} : { tier }) };
}

/** The client sends a Buffer as it is. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Whether the blob has exactly these bytes. */
export async function holdsBytes(container: Container, key: string, bytes: Uint8Array, how: How): Promise<boolean> {
  const found = await statBlob(container, key, how);
  if (found?.sizeBytes !== bytes.length) return false;
  try {
    return Buffer.compare(await readBlob(container, key, undefined, how), bytes) === 0;
  } catch (error) {
    if (hasCode(error, 'store.not-found')) return false;
    throw error;
  }
}

import { bodySize, checkBodySize, openBody } from '../body.ts';
import type { Body, How, PutHow } from '../store.ts';
import type { Bucket } from './bucket.ts';
import { putBytes } from './put-bytes.ts';
import { putInParts } from './upload.ts';

/** Up to this size a body at hand is one request. */
const SINGLE_MAX_BYTES = 32 * 2 ** 20;

/** Stores a body: one request straight from memory where it is small, else in parts that become an object when all are there. */
export async function putObject(bucket: Bucket, key: string, body: Body, how: PutHow): Promise<void> {
  const sizeBytes = bodySize(body);
  const single = sizeBytes !== undefined && sizeBytes <= (bucket.options.partSizeBytes ?? SINGLE_MAX_BYTES);
  if (!single || (!(body instanceof Uint8Array) && body.once === true)) return await putInParts(bucket, key, body, how);
  await putBytes(bucket, key, body instanceof Uint8Array ? body : await collected(key, body, sizeBytes, how), how);
}

/** The body in one array. Fails when it has another size than it said. */
async function collected(key: string, body: Body, sizeBytes: number, how: How): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for await (const chunk of openBody(body, how)) {
    how.signal.throwIfAborted();
    if (at + chunk.length <= sizeBytes) bytes.set(chunk, at);
    at += chunk.length;
  }
  checkBodySize(key, body, at);
  return bytes;
}

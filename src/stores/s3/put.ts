import { bodySize } from '../body.ts';
import { collectBody } from '../collect-body.ts';
import type { Body, PutHow } from '../store.ts';
import type { Bucket } from './bucket.ts';
import { putBytes } from './put-bytes.ts';
import { putInParts } from './upload.ts';

/** Up to this size a body is one request. */
const SINGLE_MAX_BYTES = 32 * 2 ** 20;

/** Stores a body: one request straight from memory where it is small, else in parts that become an object when all are there. */
export async function putObject(bucket: Bucket, key: string, body: Body, how: PutHow): Promise<void> {
  const sizeBytes = bodySize(body);
  const single = sizeBytes !== undefined && sizeBytes <= (bucket.options.partSizeBytes ?? SINGLE_MAX_BYTES);
  const once = !(body instanceof Uint8Array) && body.once === true;
  if (!single || once) return await putInParts(bucket, key, body, how);
  await putBytes(bucket, key, await collectBody(key, body, sizeBytes, how), how);
}

import { hasCode } from '../../base/errors.ts';
import type { How } from '../store.ts';
import { ask, type Bucket, objectPath } from './bucket.ts';
import { isBucketMissing } from './failure.ts';

/** Deletes an object. Where the bucket keeps versions or deleted objects, it keeps this one. */
export async function deleteObject(bucket: Bucket, key: string, how: How): Promise<void> {
  try {
    await ask(bucket, `delete ${key}`, how, { method: 'DELETE', path: objectPath(bucket, key) });
  } catch (error) {
    if (!hasCode(error, 'store.not-found') || isBucketMissing(error)) throw error;
  }
}

import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { hasCode } from '../../base/errors.ts';
import type { How } from '../store.ts';
import { ask, type Bucket, objectOf } from './bucket.ts';
import { serviceCode } from './failure.ts';

/** In a bucket with versions the object is hidden and stays as an older version. */
export async function deleteObject(bucket: Bucket, key: string, how: How): Promise<void> {
  const command = new DeleteObjectCommand(objectOf(bucket, key));
  try {
    await ask(bucket, `delete ${key}`, how, (client, sending) => client.send(command, sending));
  } catch (error) {
    // Some services say that there was nothing to delete.
    if (hasCode(error, 'store.not-found') && serviceCode(error) !== 'NoSuchBucket') return;
    throw error;
  }
}

import { SuretyError, systemCode } from '../../base/errors.ts';
import type { Store } from '../store.ts';
import type { S3StoreHow } from './bucket-store.ts';
import type { S3StoreOptions } from './options.ts';

/**
 * A bucket of S3 or of a service that speaks its protocol as a store: key `a/b` is the object `prefix/a/b`. Unfinished uploads in parts
 * are not objects; those that killed processes left are removed when the next one begins a week later.
 *
 * Opening makes no request unless `create` is set; a bucket that is missing fails every later call with `store.not-found`.
 */
export async function openS3Store(options: S3StoreOptions, how: S3StoreHow = {}): Promise<Store> {
  const { openBucketStore } = await loaded();
  return await openBucketStore(options, how);
}

async function loaded() {
  try {
    return await import('./bucket-store.ts');
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new SuretyError('store.failed', 'the client for S3 is not installed', {
      hint: 'run npm install, or npm install @aws-sdk/client-s3',
      cause: error,
    });
  }
}

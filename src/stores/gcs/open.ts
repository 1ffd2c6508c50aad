import { SuretyError, systemCode } from '../../base/errors.ts';
import type { Store } from '../store.ts';
import type { GcsStoreHow } from './bucket-store.ts';
import type { GcsStoreOptions } from './options.ts';

/**
 * A bucket of Google Cloud Storage as a store: key `a/b` is the object `prefix/a/b`. Uploads that were not finished are no objects; the
 * service forgets them after a week.
 *
 * It speaks the service's JSON API, with tokens from Google's own library. Google's client for the service is not used: its calls can
 * not be ended by a signal, so a put that was given up could still come true, and it takes no certificates of a private authority.
 *
 * Opening makes no request unless `create` is set; a bucket that is missing fails every later call with `store.not-found`. Throws
 * `store.credentials` when what is given as credentials can not be any.
 */
export async function openGcsStore(options: GcsStoreOptions, how: GcsStoreHow = {}): Promise<Store> {
  const { openBucketStore } = await loaded();
  return await openBucketStore(options, how);
}

async function loaded() {
  try {
    return await import('./bucket-store.ts');
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new SuretyError('store.failed', "Google's library for credentials is not installed", {
      hint: 'run npm install, or npm install google-auth-library',
      cause: error,
    });
  }
}

import { SuretyError, systemCode } from '../../base/errors.ts';
import type { Store } from '../store.ts';
import type { AzureStoreHow } from './container-store.ts';
import type { AzureStoreOptions } from './options.ts';

/**
 * A container of Azure Blob Storage as a store: key `a/b` is the block blob `prefix/a/b`. Blocks of uploads that were not finished are no
 * blobs; the service removes them after a week.
 *
 * Opening makes no request unless `create` is set; a container that is missing fails every later call with `store.not-found`. Throws
 * `store.credentials` when what is given as credentials can not be any.
 */
export async function openAzureStore(options: AzureStoreOptions, how: AzureStoreHow = {}): Promise<Store> {
  const { openContainerStore } = await loaded();
  return await openContainerStore(options, how);
}

async function loaded() {
  try {
    return await import('./container-store.ts');
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new SuretyError('store.failed', 'the client for Azure is not installed', {
      hint: 'run npm install, or npm install @azure/storage-blob @azure/identity',
      cause: error,
    });
  }
}

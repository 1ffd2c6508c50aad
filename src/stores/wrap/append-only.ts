import { SuretyError } from '../../base/errors.ts';
import type { Store } from '../store.ts';

/**
 * The store without `delete`, but for keys below these first parts: locks and marks of names, which hold no backup. Whatever is to be
 * deleted fails with `store.read-only` before anything is sent.
 */
export function appendOnly(store: Store, passing: readonly string[]): Store {
  return {
    ...store,
    async delete(key, how) {
      if (passing.some((part) => key.startsWith(`${part}/`))) return await store.delete(key, how);
      throw new SuretyError('store.read-only', `${store.traits.location} is append-only: ${key} is not deleted`, {
        hint: 'do this where the configuration of the repository has no append_only, with credentials that may delete',
        details: { key },
      });
    },
  };
}

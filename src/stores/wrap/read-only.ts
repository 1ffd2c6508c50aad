import { SuretyError } from '../../base/errors.ts';
import type { Store } from '../store.ts';

/** The store without its writing half: `put` and `delete` fail with `store.read-only`. */
export function readOnly(store: Store): Store {
  async function refuse(key: string): Promise<never> {
    throw new SuretyError(
      'store.read-only',
      `${store.traits.location} is opened for reading only: ${key} is left as it is`,
      {
        details: { key },
      },
    );
  }
  return {
    ...store,
    put: refuse,
    delete: refuse,
    ...(store.locks && { locks: { ...store.locks, extend: refuse } }),
  };
}

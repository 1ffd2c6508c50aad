import { SuretyError } from '../../base/errors.ts';
import { checkKey } from '../key.ts';
import type { Store } from '../store.ts';

export interface RespectLocksOptions {
  readonly now: () => Date;
  /** First parts of keys that are never locked: they are deleted without asking. */
  readonly never: readonly string[];
}

/**
 * The store whose `delete` asks for a lock first, and fails with `store.locked` while there is one: a bucket with versions would hide
 * the body all the same, which frees nothing and takes it out of sight of who needs it. `details.until` of the error is when the lock ends.
 */
export function respectLocks(store: Store, { now, never }: RespectLocksOptions): Store {
  const { locks } = store;
  if (locks === undefined) return store;
  return {
    ...store,
    async delete(key, how) {
      checkKey(key);
      if (!never.some((part) => key.startsWith(`${part}/`))) {
        const until = await locks.until(key, how).catch((error: unknown) => {
          if (error instanceof SuretyError && error.code === 'store.not-found') return undefined;
          throw error;
        });
        if (until !== undefined && until > now()) throw isLocked(key, until);
      }
      await store.delete(key, how);
    },
  };
}

function isLocked(key: string, until: Date): SuretyError {
  const time = until.toISOString();
  return new SuretyError('store.locked', `${key} is kept by object lock until ${time.slice(0, 19)}Z`, {
    hint: 'it can be removed when that time has come',
    details: { key, until: time },
  });
}

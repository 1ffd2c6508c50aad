import { checkKey, checkPrefix } from '../key.ts';
import type { How, ObjectLocks, PutHow, Range, Store, StoreTrials } from '../store.ts';
import { liveTraits } from './live-traits.ts';

/**
 * The part of a store that is below `prefix` (without a `/` at its end), as a store of its own. Closing it leaves the store open. Keys
 * together with the prefix must not be longer than keys may be.
 */
export function below(store: Store, prefix: string): Store {
  const full = (key: string): string => {
    checkKey(key);
    return `${prefix}/${key}`;
  };
  const fullPrefix = (of: string): string => {
    checkPrefix(of);
    return `${prefix}/${of}`;
  };

  return {
    ...store,
    traits: liveTraits(store, { location: `${store.traits.location}/${prefix}` }),
    put: async (key, body, how: PutHow) => await store.put(full(key), body, how),
    read: async (key, range, how) => await store.read(full(key), range, how),
    async *stream(key: string, range: Range | undefined, how: How) {
      yield* store.stream(full(key), range, how);
    },
    async stat(key, how) {
      const found = await store.stat(full(key), how);
      return found && { ...found, key };
    },
    async *list(of: string, how: How) {
      const at = prefix.length + 1;
      for await (const stored of store.list(fullPrefix(of), how)) yield { ...stored, key: stored.key.slice(at) };
    },
    delete: async (key, how) => await store.delete(full(key), how),
    ...(store.locks && { locks: locksBelow(store.locks, full) }),
    ...(store.trials && { trials: trialsBelow(store.trials, full, fullPrefix) }),
    async [Symbol.asyncDispose]() {},
  };
}

type Full = (key: string) => string;

function locksBelow(locks: ObjectLocks, full: Full): ObjectLocks {
  return {
    extend: async (key, until, how) => await locks.extend(full(key), until, how),
    until: async (key, how) => await locks.until(full(key), how),
  };
}

function trialsBelow({ refusesDamaged, keepsLocked, destroy }: StoreTrials, full: Full, fullPrefix: Full): StoreTrials {
  return {
    ...(refusesDamaged && { refusesDamaged: async (key, how) => await refusesDamaged(full(key), how) }),
    ...(keepsLocked && { keepsLocked: async (key, how) => await keepsLocked(full(key), how) }),
    ...(destroy && { destroy: async (prefix, how) => await destroy(fullPrefix(prefix), how) }),
  };
}

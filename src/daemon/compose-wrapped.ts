/** Puts around a store what the configuration says of its use. */
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { homeFolder, isRoot, systemTimeZone, variable } from '../base/environment.ts';
import { messageOf } from '../base/errors.ts';
import type { CacheConfig, StoreUse } from '../config/store-use.ts';
import { type Rates, type RateWindow, ratesAt } from '../rules/rate-windows.ts';
import type { Store } from '../stores/store.ts';

/** Files that hold no backup: locks of `restic` repositories, and the marks of names that are taken in an `archive`. */
const DELETED_ALWAYS = ['locks', '.reserved'];
/** These, and the logs of an `archive`, are never locked: they are written again, or removed soon. */
const LOCKED_NEVER = [...DELETED_ALWAYS, 'logs'];

/** The adapter's store with its limits; retries go around that, so that what is sent again counts again. */
export async function limited(store: Store, use: Pick<StoreUse, 'limit' | 'connections'>): Promise<Store> {
  if (use.limit.length === 0 && use.connections === undefined) return store;
  const { withLimit } = await import('../stores/wrap/limit.ts');
  return withLimit(store, {
    connections: use.connections ?? store.traits.connections,
    rates: use.limit.length === 0 ? undefined : ratesNow(use.limit),
  });
}

/** The store as it may be used: what is locked stays in sight, what is put is locked, and one that is append-only deletes nothing but its locks. */
export async function guarded(
  store: Store,
  { appendOnly, lockForMs }: Pick<StoreUse, 'appendOnly' | 'lockForMs'>,
): Promise<Store> {
  const locking = await locked(store, lockForMs);
  if (!appendOnly) return locking;
  const wrap = await import('../stores/wrap/append-only.ts');
  return wrap.appendOnly(locking, DELETED_ALWAYS);
}

async function locked(store: Store, lockForMs: number | undefined): Promise<Store> {
  const how = { now: () => systemClock.now(), never: LOCKED_NEVER };
  if (store.locks === undefined && lockForMs === undefined) return store;
  const { respectLocks } = await import('../stores/wrap/respect-locks.ts');
  const respected = respectLocks(store, how);
  if (lockForMs === undefined) return respected;
  const { lockNew } = await import('../stores/wrap/lock-new.ts');
  const { openLockMemory } = await import('../stores/wrap/lock-memory.ts');
  const memory = openLockMemory(join(cacheHome(), 'surety', 'locked'), store.traits.location, how.now);
  return lockNew(respected, { ...how, lockForMs, memory });
}

/** The clock is looked at no more than once a second: the rates are asked for with each piece. */
function ratesNow(limit: readonly RateWindow[]): () => Rates {
  const timeZone = systemTimeZone();
  let known: Rates = {};
  let knownUntilMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = systemClock.elapsedMs();
    if (nowMs >= knownUntilMs) {
      known = ratesAt(limit, systemClock.now(), timeZone);
      knownUntilMs = nowMs + 1000;
    }
    return known;
  };
}

/** A cache for a repository of this id, where the store is over a network. Without one where that can not be; a person is told. */
export function cachedBy(
  { use, path, sizeBytes }: CacheConfig,
  warn: (message: string) => void,
): (store: Store, id: string) => Promise<Store> {
  return async (store, id) => {
    if (!use || !store.traits.remote) return store;
    const { openCacheFolder } = await import('../stores/wrap/cache-folder.ts');
    const { withCache } = await import('../stores/wrap/cache.ts');
    const place = path ?? join(cacheHome(), 'surety', 'repositories');
    try {
      return withCache(store, await openCacheFolder({ path: place, name: id, sizeBytes }));
    } catch (error) {
      warn(`there is no cache for ${store.traits.location}, which makes it slower: ${messageOf(error)}`);
      return store;
    }
  };
}

/** The user's folder for what may be lost: `XDG_CACHE_HOME`, or what is usual. */
export function cacheHome(): string {
  const named = variable('XDG_CACHE_HOME');
  if (named !== undefined && named !== '') return named;
  return isRoot() ? '/var/cache' : join(homeFolder(), '.cache');
}

import { SuretyError } from '../../base/errors.ts';
import { eachConcurrently } from '../../base/limit.ts';
import type { How, KeepingLocks, ObjectLocks, Store } from '../store.ts';

export interface LockNewOptions {
  /** How long what a backup needs can not be removed. */
  readonly lockForMs: number;
  readonly now: () => Date;
  /** First parts of keys that are never locked. */
  readonly never: readonly string[];
  readonly memory: LockMemory;
}

/** Until when bodies are locked, as the service confirmed it. May forget anything at any time: then the service is asked. */
export interface LockMemory {
  /** Milliseconds since 1970. */
  get(key: string): number | undefined;
  set(key: string, untilMs: number): void;
  /** Never throws. */
  save(): void;
}

const SLACK_MAX_MS = 30 * 24 * 3_600_000;
/** Services keep whole seconds. */
const SECOND_MS = 1000;

/**
 * How much longer than asked for a lock is set: what is used by every backup is touched only once in that time. A quarter, so that
 * nothing stays much longer than was wanted.
 */
export function lockSlackMs(lockForMs: number): number {
  return Math.min(Math.max(lockForMs / 4, SECOND_MS), SLACK_MAX_MS);
}

/**
 * The store that locks what is put, and whose `locks.keeping` locks again what a new backup needs of what is there. The time is the
 * service's: a machine with a wrong clock would lock for too short a time, or for years.
 */
export function lockNew(store: Store, { lockForMs, now, never, memory }: LockNewOptions): Store {
  const locks = requireLocks(store);
  let offset: Promise<number> | undefined;
  const serverNow = async (how: How): Promise<number> => {
    offset ??= clockOffset(store, now, how);
    offset.catch(() => {
      offset = undefined;
    });
    return now().getTime() + (await offset);
  };
  const isFree = (key: string) => never.some((part) => key.startsWith(`${part}/`));
  const wanted = async (how: How): Promise<{ readonly leastMs: number; readonly until: Date }> => {
    const leastMs = (await serverNow(how)) + lockForMs;
    const until = Math.ceil((leastMs + lockSlackMs(lockForMs)) / SECOND_MS) * SECOND_MS;
    return { leastMs, until: new Date(until) };
  };

  async function due(keys: Iterable<string>, how: How): Promise<string[]> {
    const { leastMs } = await wanted(how);
    return [...keys].filter((key) => !isFree(key) && (memory.get(key) ?? 0) < leastMs);
  }

  async function keep(keys: Iterable<string>, how: How): Promise<number> {
    const going = await due(keys, how);
    const { until } = await wanted(how);
    await eachConcurrently(going, store.traits.connections, how.signal, async (key, signal) => {
      await locks.extend(key, until, { signal });
      memory.set(key, until.getTime());
    }).finally(() => memory.save());
    return going.length;
  }

  async function confirm(key: string, how: How): Promise<void> {
    const { leastMs } = await wanted(how);
    const known = await locks.until(key, how);
    memory.save();
    // The time that the put itself took is not missing.
    if (known !== undefined && known.getTime() >= leastMs - lockForMs / 100) return;
    const shown = known === undefined ? 'not locked' : `locked until ${known.toISOString()} only`;
    throw new SuretyError('store.failed', `${key} was stored with a lock and is ${shown}`, {
      hint: 'run surety store check: this service takes locks and does not keep them',
      details: { key },
    });
  }

  const keeping: KeepingLocks = { due, keep, confirm };
  return {
    ...store,
    locks: { ...locks, keeping },
    async put(key, body, how) {
      if (isFree(key)) return await store.put(key, body, how);
      const { until } = await wanted(how);
      const keepUntil = how.keepUntil !== undefined && how.keepUntil > until ? how.keepUntil : until;
      await store.put(key, body, { ...how, keepUntil });
      memory.set(key, keepUntil.getTime());
    },
    async [Symbol.asyncDispose]() {
      memory.save();
      await store[Symbol.asyncDispose]();
    },
  };
}

function requireLocks({ locks, traits: { location } }: Store): ObjectLocks {
  if (locks !== undefined) return locks;
  throw new SuretyError('store.failed', `lock_for is set, and ${location} has no locks`, {
    hint: 'set object_lock in the options of the store, or leave lock_for out',
  });
}

async function clockOffset(store: Store, now: () => Date, how: How): Promise<number> {
  const there = await store.serverTime?.(how);
  return there === undefined ? 0 : there.getTime() - now().getTime();
}

/** Single trials of what a service does. */
import type { Clock } from '../../base/clock.ts';
import { formatElapsed } from '../../base/durations.ts';
import { hasCode } from '../../base/errors.ts';
import type { How, Store, StoreFacts } from '../../stores/store.ts';
import { type Found, failed, ok, skipped, warning } from './finding.ts';

const RACERS = 16;

/** Whether one of several that put the same key at once wins, and no other believes that it did. */
export async function tryConditionalWrites(store: Store, how: How, rounds: number): Promise<Found> {
  const claimed = store.traits.conditionalPut;
  let most = 0;
  for (let round = 0; round < rounds; round++) {
    const races = Array.from({ length: RACERS }, (_, racer) =>
      store.put(`race/${round}`, Buffer.from(`racer ${racer}`), { ...how, ifAbsent: true }).then(
        () => true,
        (error: unknown) => {
          if (hasCode(error, 'store.exists')) return false;
          throw error;
        },
      ),
    );
    most = Math.max(most, (await Promise.all(races)).filter(Boolean).length);
  }
  const race = `of ${RACERS} writers at once ${most === 1 ? 'one' : most} got the name`;
  if (claimed && !store.traits.conditionalPut) {
    return warning(`refused: the service does not know them; ${race}`, 'see below what that means');
  }
  if (claimed && most === 1) return ok(`honoured: ${race}`);
  const hint =
    store.traits.kind === 's3'
      ? 'set conditional_put: false among the options of the store'
      : 'do not back up into it from two machines at once';
  if (claimed) return failed(`ignored: ${race}`, hint);
  return warning(`not used: Surety looks before it writes; ${race}`, 'see below what that means');
}

const LISTED = 10;

/** Whether a list knows at once what was put and deleted. */
export async function tryListing(store: Store, how: How, lasting: boolean): Promise<Found> {
  const keys = Array.from({ length: lasting ? 1 : LISTED }, (_, index) => `listing/${index}`);
  for (const [index, key] of keys.entries()) {
    await store.put(key, Buffer.from(key), how);
    const listed = await count(store, how);
    if (listed !== index + 1) return failed(`a list had ${listed} of ${index + 1} bodies that were there`, NOT_LISTED);
  }
  if (lasting) return ok('a list has what was written at once');
  for (const [index, key] of keys.entries()) {
    await store.delete(key, how);
    const listed = await count(store, how);
    const left = keys.length - index - 1;
    if (listed !== left) return failed(`a list had ${listed} bodies when ${left} were left`, NOT_LISTED);
  }
  return ok('a list has what was written and not what was deleted, at once');
}

const NOT_LISTED = 'do not use it: cleanup relies on whole lists';

async function count(store: Store, how: How): Promise<number> {
  let listed = 0;
  for await (const _ of store.list('listing', how)) listed += 1;
  return listed;
}

/** Whether the service compares what arrives with its checksum. */
export async function tryDamage(store: Store, how: How): Promise<Found> {
  const refuses = store.trials?.refusesDamaged;
  if (refuses === undefined) return skipped('nothing to try in this kind of store');
  if (await refuses('damaged', how)) return ok('a body that does not match its checksum is refused');
  return warning('a body that does not match its checksum is taken', 'run surety verify --read-data regularly');
}

const LOCKED_MS = 45_000;

/** Whether a lock is kept, or only written down. */
export async function tryLock(
  store: Store,
  facts: StoreFacts | undefined,
  how: How & { readonly clock: Clock },
): Promise<Found> {
  const { locks } = store;
  if (locks === undefined) {
    if (facts?.objectLock === 'on') return ok('on in the bucket, and not used: the configuration has no object_lock');
    return ok(facts?.objectLock === 'off' ? 'off' : 'not used');
  }
  const keepUntil = new Date(Math.ceil((how.clock.now().getTime() + LOCKED_MS) / 1000) * 1000);
  await store.put('locked', Buffer.from('locked by surety store check\n'), { ...how, keepUntil });
  const until = await locks.until('locked', how);
  if (until === undefined) {
    return failed(
      'only accepted: what was locked has no lock afterwards',
      'do not rely on object lock in this service',
    );
  }
  const keeps = await keepsLocked(store, facts, how);
  if (keeps === undefined) {
    return warning(
      `a lock until ${until.toISOString()} was stored; whether versions are kept was not tried`,
      undefined,
    );
  }
  if (keeps) return ok('enforced: a locked body could not be destroyed');
  return failed('only accepted: a locked body could be destroyed', 'do not rely on object lock in this service');
}

/** Undefined where deleting hides a body, and nobody knows how to destroy it. */
async function keepsLocked(store: Store, facts: StoreFacts | undefined, how: How): Promise<boolean | undefined> {
  if (store.trials?.keepsLocked !== undefined) return await store.trials.keepsLocked('locked', how);
  try {
    await store.delete('locked', how);
    return facts?.versioning === 'on' ? undefined : false;
  } catch (error) {
    if (hasCode(error, 'store.locked')) return true;
    throw error;
  }
}

const CLOCKS_APART_MS = 60_000;

/** How far this machine's clock is from the service's. */
export async function tryClock(store: Store, how: How & { readonly clock: Clock }): Promise<Found> {
  if (store.serverTime === undefined) return skipped('the store has no clock of its own');
  const beforeMs = how.clock.now().getTime();
  const theirs = await store.serverTime(how);
  const ours = (beforeMs + how.clock.now().getTime()) / 2;
  const apartMs = ours - theirs.getTime();
  // A service tells whole seconds.
  if (Math.abs(apartMs) < 2000) return ok('as this machine’s');
  const text = `this machine is ${formatElapsed(Math.abs(apartMs))} ${apartMs > 0 ? 'ahead' : 'behind'}`;
  return Math.abs(apartMs) < CLOCKS_APART_MS
    ? ok(text)
    : warning(text, 'set the clock of this machine, by NTP for instance');
}

/** What only services have: their clock, what they say of themselves, locks. */
import assert from 'node:assert/strict';
import { systemClock } from '../base/clock.ts';
import { hasCode } from '../base/errors.ts';
import { how, type StoreChecks, sample } from './contract-sample.ts';
import type { Store } from './store.ts';

const DAY_MS = 24 * 3_600_000;
/** A lock outlasts the requests that look at it, and little more: what is locked stays for so long. */
const LOCKED_MS = 20_000;

export const serviceChecks: StoreChecks = {
  async 'the clock of the service goes, and is not days away from this one'(store) {
    if (store.serverTime === undefined) return;
    const first = await store.serverTime(how);
    const second = await store.serverTime(how);
    assert.ok(Math.abs(first.getTime() - systemClock.now().getTime()) < DAY_MS, `it is ${first.toISOString()}`);
    assert.ok(second.getTime() >= first.getTime() - 2000, 'it does not go back');
  },

  async 'the service describes itself'(store) {
    const facts = await store.describe?.(how);
    if (facts === undefined) return;
    for (const [name, value] of Object.entries(facts.details)) assert.equal(typeof value, 'string', name);
    assert.ok([undefined, 'on', 'off', 'suspended'].includes(facts.versioning));
    assert.ok([undefined, 'on', 'off'].includes(facts.objectLock));
  },

  async 'free room is a number of bytes'(store) {
    const freeBytes = await store.freeBytes?.(how);
    if (freeBytes !== undefined) assert.ok(freeBytes >= 0 && Number.isFinite(freeBytes), String(freeBytes));
  },

  async 'a body that nobody locked has no lock, and one that is not there can not be locked'(store) {
    if (store.locks === undefined) return;
    await assert.rejects(store.locks.extend('none', inMs(LOCKED_MS), how), { code: 'store.not-found' });
    if ((await store.describe?.(how))?.defaultRetention !== undefined) return;
    await store.put('free', sample(10), how);
    assert.equal(await store.locks.until('free', how), undefined);
    await store.delete('free', how);
    assert.equal(await store.stat('free', how), undefined);
  },
};

export const lockChecks: StoreChecks = {
  async 'the time of a lock is moved later, never earlier'(store) {
    if (store.locks === undefined) return;
    const [first, later] = [inMs(LOCKED_MS), inMs(LOCKED_MS + 10_000)];
    await store.put('locked', sample(10), { ...how, keepUntil: first });
    assertAbout(await store.locks.until('locked', how), first);
    await store.locks.extend('locked', later, how);
    assertAbout(await store.locks.until('locked', how), later);
    await store.locks.extend('locked', first, how);
    assertAbout(await store.locks.until('locked', how), later);
  },

  async 'a locked body is not lost when it is deleted or replaced'(store) {
    if (store.locks === undefined) return;
    await store.put('locked', sample(10), { ...how, keepUntil: inMs(LOCKED_MS) });
    const refused = [
      await isRefused(() => store.put('locked', sample(20), how)),
      await isRefused(() => store.delete('locked', how)),
    ];
    if (refused.every(Boolean)) assert.deepEqual(await store.read('locked', undefined, how), sample(10));
    else await requireVersions(store);
  },
};

/** A delete that succeeds only hides the body: the versions below stay. */
async function requireVersions(store: Store): Promise<void> {
  const facts = await store.describe?.(how);
  assert.equal(facts?.versioning, 'on', 'a locked body was replaced or deleted, and the store keeps no versions');
}

async function isRefused(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return false;
  } catch (error) {
    if (hasCode(error, 'store.locked')) return true;
    throw error;
  }
}

function inMs(durationMs: number): Date {
  return new Date(Math.ceil((systemClock.now().getTime() + durationMs) / 1000) * 1000);
}

function assertAbout(actual: Date | undefined, expected: Date): void {
  assert.ok(actual !== undefined, 'it is not locked');
  assert.ok(
    Math.abs(actual.getTime() - expected.getTime()) <= 1000,
    `${actual.toISOString()} is not ${expected.toISOString()}`,
  );
}

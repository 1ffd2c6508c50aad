import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { storeContract } from '../../stores/contract.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { ObjectLocks, PutHow, Store } from '../../stores/store.ts';
import { below } from '../../stores/wrap/below.ts';
import type { StoreCheckReport } from './check-store.ts';
import { checkStore } from './check-store.ts';

const how = { signal: new AbortController().signal, clock: systemClock, heavy: false };

function target(store: Store, promises = storeContract) {
  return {
    ...{ name: 'vault', location: 'somewhere', part: below },
    open: async () => store,
    promises: async (make: () => Promise<Store>) => promises(make),
  };
}

const NO_PROMISES = () => [];

async function keysOf(store: Store): Promise<string[]> {
  return (await Array.fromAsync(store.list('', how))).map(({ key }) => key).sort();
}

function found(report: StoreCheckReport, what: string) {
  const finding = report.findings.find((one) => one.what === what);
  assert.ok(finding !== undefined, `nothing is said of ${what}`);
  return finding;
}

test('a good store keeps all promises, and nothing is left in it', async () => {
  const store = openMemoryStore();
  await store.put('config', Buffer.from('own'), how);
  const report = await checkStore(target(store), how);
  assert.equal(report.outcome, 'ok');
  assert.match(found(report, 'promises').detail, /^(\d+) of \1 are kept; --heavy tries \d more/);
  assert.match(found(report, 'conditional writes').detail, /^honoured/);
  assert.deepEqual(await keysOf(store), ['config']);
});

test('a store that takes ifAbsent and ignores it breaks a promise', async () => {
  const store = openMemoryStore();
  const put = (key: string, body: Uint8Array, { signal }: PutHow) => store.put(key, body, { signal });
  const report = await checkStore(target({ ...store, put: put as Store['put'] }, NO_PROMISES), how);
  assert.equal(report.outcome, 'failed');
  assert.match(found(report, 'conditional writes').detail, /^ignored: of 16 writers at once 16 got the name/);
  assert.ok(report.without.some((line) => line.startsWith('Conditional writes')));
});

test('nothing is said to be left by one who was not let in', async () => {
  const closed = () => new SuretyError('store.credentials', 'the login was refused');
  const put = async () => await Promise.reject(closed());
  const list: Store['list'] = () => {
    throw closed();
  };
  const report = await checkStore(target({ ...openMemoryStore(), put, list }), how);
  assert.deepEqual(
    report.findings.map(({ what, status }) => `${what} ${status}`),
    ['access failed'],
  );
  // Something that was written and can not be removed any more is told.
  const store = openMemoryStore();
  const left = await checkStore(target({ ...store, list, read: async () => Buffer.from('another') }), how);
  assert.match(found(left, 'tidiness').detail, /could not be removed/);
});

test('a broken promise is named, the others are tried all the same', async () => {
  const store = openMemoryStore();
  const forgetful: Store = { ...store, stat: async () => undefined };
  const report = await checkStore(target(forgetful), how);
  assert.equal(report.outcome, 'failed');
  assert.equal(found(report, 'promise: size and time are known').status, 'failed');
  assert.ok(!report.findings.some(({ what }) => what === 'promise: a range is read exactly'));
});

test('a list that lags behind is found', async () => {
  const store = openMemoryStore();
  let last: string[] = [];
  const list: Store['list'] = async function* (prefix, listHow) {
    const before = last;
    last = [];
    for await (const stored of store.list(prefix, listHow)) {
      last.push(stored.key);
      if (before.includes(stored.key)) yield stored;
    }
  };
  const report = await checkStore(target({ ...store, list }, NO_PROMISES), how);
  assert.match(found(report, 'listing').detail, /a list had 0 of 1 bodies/);
  assert.equal(report.outcome, 'failed');
});

test('where nothing may be deleted, little is written and the report says what stays', async () => {
  const store = openMemoryStore();
  const refused = async () => {
    throw new SuretyError('store.denied', 'access is denied');
  };
  const report = await checkStore(target({ ...store, delete: refused }), how);
  assert.equal(report.outcome, 'warnings');
  assert.match(found(report, 'access').detail, /these credentials only add/);
  assert.equal(found(report, 'promises').status, 'skipped');
  assert.match(found(report, 'tidiness').hint ?? '', /begins with surety-check-/);
  assert.ok((await keysOf(store)).length < 10);
});

test('a lock that is only written down is no lock', async () => {
  const store = openMemoryStore();
  const until = new Map<string, Date>();
  const locks: ObjectLocks = {
    extend: async (key, time) => void until.set(key, time),
    until: async (key) => until.get(key),
  };
  const locking: Store = {
    ...store,
    async put(key, body, putHow) {
      await store.put(key, body, putHow);
      if (putHow.keepUntil !== undefined) until.set(key, putHow.keepUntil);
    },
    locks,
    trials: { keepsLocked: async () => false },
  };
  const report = await checkStore(target(locking, NO_PROMISES), how);
  assert.match(found(report, 'object lock').detail, /only accepted: a locked body could be destroyed/);
  const unsaid: Store = { ...locking, locks: { ...locks, until: async () => undefined } };
  assert.match(
    found(await checkStore(target(unsaid, NO_PROMISES), how), 'object lock').detail,
    /has no lock afterwards/,
  );
  const enforced: Store = { ...locking, trials: { keepsLocked: async () => true } };
  const good = await checkStore(target(enforced, NO_PROMISES), how);
  assert.match(found(good, 'object lock').detail, /enforced/);
  assert.ok(good.relies.some((line) => line.startsWith('What is locked can not be deleted')));
});

test('what is locked for a moment is removed when that is over, and breaks no promise', async () => {
  const store = openMemoryStore();
  const lockedUntil = new Map<string, number>();
  const requireFree = (key: string) => {
    if ((lockedUntil.get(key) ?? 0) < systemClock.elapsedMs()) return;
    throw new SuretyError('store.locked', `${key} is locked`);
  };
  const until = new Map<string, Date>();
  const locking: Store = {
    ...store,
    async put(key, body, putHow) {
      requireFree(key);
      await store.put(key, body, putHow);
      if (putHow.keepUntil === undefined) return;
      until.set(key, putHow.keepUntil);
      lockedUntil.set(key, systemClock.elapsedMs() + 300);
    },
    async delete(key, deleteHow) {
      requireFree(key);
      await store.delete(key, deleteHow);
    },
    locks: {
      async extend(key, time) {
        if ((await store.stat(key, how)) === undefined) throw new SuretyError('store.not-found', `there is no ${key}`);
        if (time > (until.get(key) ?? time)) until.set(key, time);
      },
      until: async (key) => until.get(key),
    },
  };
  // Pauses are short, so that the locks of the trial end during the first of them.
  const clock = { ...systemClock, sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(ms / 10, signal) };
  const report = await checkStore(target(locking), { ...how, clock });
  assert.equal(report.outcome, 'ok', JSON.stringify(report.findings));
  assert.deepEqual(await keysOf(store), []);
});

test('a clock that is off, and damage that is taken, are warned of', async () => {
  const store: Store = {
    ...openMemoryStore(),
    serverTime: async () => new Date(systemClock.now().getTime() - 600_000),
    trials: { refusesDamaged: async () => false },
  };
  const report = await checkStore(target(store, NO_PROMISES), how);
  assert.equal(report.outcome, 'warnings');
  assert.match(found(report, 'clock').detail, /this machine is 10m 00s ahead/);
  assert.equal(found(report, 'checksums').status, 'warning');
});

test('an interrupt ends it, and what was written is removed', async () => {
  const store = openMemoryStore();
  const ended = new AbortController();
  const promise = {
    ...{ name: 'waits', heavy: false, locking: false },
    run: async () => {
      ended.abort(new Error('stop'));
    },
  };
  const waiting = target(store, () => [promise, promise]);
  await assert.rejects(checkStore(waiting, { ...how, signal: ended.signal }), { code: 'run.interrupted' });
  assert.deepEqual(await keysOf(store), []);
});

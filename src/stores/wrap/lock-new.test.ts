import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMemoryStore } from '../memory/open.ts';
import type { PutHow, Store } from '../store.ts';
import { type LockMemory, lockNew, lockSlackMs } from './lock-new.ts';

const how = { signal: new AbortController().signal };
const DAY_MS = 24 * 3_600_000;
const LOCK_FOR_MS = 30 * DAY_MS;
const SLACK_MS = lockSlackMs(LOCK_FOR_MS);
const BODY = Buffer.from('body');

/** A store with locks, on a service whose clock is an hour ahead of this machine's. */
function makeStore({ keeps = true } = {}) {
  const locked = new Map<string, Date>();
  const memory = new Map<string, number>();
  const asked: string[] = [];
  let nowMs = Date.UTC(2026, 0, 1);
  const plain = openMemoryStore();
  const inner: Store = {
    ...plain,
    async put(key, body, options: PutHow) {
      if (keeps && options.keepUntil !== undefined) locked.set(key, options.keepUntil);
      await plain.put(key, body, options);
    },
    serverTime: async () => new Date(nowMs + 3_600_000),
    locks: {
      until: async (key) => locked.get(key),
      async extend(key, until) {
        asked.push(key);
        if ((locked.get(key) ?? 0) < until) locked.set(key, until);
      },
    },
  };
  const kept: LockMemory = { get: (key) => memory.get(key), set: (key, ms) => void memory.set(key, ms), save() {} };
  const never = ['locks'];
  const open = () => lockNew(inner, { lockForMs: LOCK_FOR_MS, now: () => new Date(nowMs), never, memory: kept });
  return {
    ...{ locked, memory, asked, open, inner },
    wait: (ms: number) => {
      nowMs += ms;
    },
    serverMs: () => nowMs + 3_600_000,
  };
}

test('what is put is locked by the clock of the service, but for locks and the like', async () => {
  const made = makeStore();
  const store = made.open();
  await store.put('data/a', BODY, how);
  await store.put('locks/a', BODY, how);
  assert.deepEqual([...made.locked.keys()], ['data/a']);
  assert.equal(made.locked.get('data/a')?.getTime(), made.serverMs() + LOCK_FOR_MS + SLACK_MS);
});

test('a lock is set again when less than the wanted time is left of it, and not before', async () => {
  const made = makeStore();
  const keeping = made.open().locks!.keeping!;
  await made.open().put('data/a', BODY, how);
  made.wait(SLACK_MS - DAY_MS);
  assert.equal(await keeping.keep(['data/a', 'locks/a'], how), 0);
  made.wait(2 * DAY_MS);
  assert.deepEqual(await keeping.due(['data/a', 'locks/a'], how), ['data/a']);
  assert.equal(await keeping.keep(['data/a', 'locks/a'], how), 1);
  assert.equal(made.locked.get('data/a')?.getTime(), made.serverMs() + LOCK_FOR_MS + SLACK_MS);
  assert.equal(await made.open().locks!.keeping!.keep(['data/a'], how), 0);
  assert.deepEqual(made.asked, ['data/a']);
});

test('what was remembered may be lost: then the service is asked', async () => {
  const made = makeStore();
  await made.open().put('data/a', BODY, how);
  made.memory.clear();
  assert.equal(await made.open().locks!.keeping!.keep(['data/a'], how), 1);
  assert.equal(await made.open().locks!.keeping!.keep(['data/a'], how), 0);
});

test('a service that takes locks and does not keep them is found out', async () => {
  const honest = makeStore();
  await honest.open().put('snapshots/a', BODY, how);
  await honest.open().locks!.keeping!.confirm('snapshots/a', how);
  const made = makeStore({ keeps: false });
  await made.open().put('snapshots/a', BODY, how);
  const refused = { code: 'store.failed', message: /was stored with a lock and is not locked/ };
  await assert.rejects(made.open().locks!.keeping!.confirm('snapshots/a', how), refused);
});

test('a store without locks can not keep any', () => {
  const options = {
    lockForMs: LOCK_FOR_MS,
    now: () => new Date(0),
    never: [],
    memory: { get: () => undefined, set() {}, save() {} },
  };
  assert.throws(() => lockNew(openMemoryStore(), options), { code: 'store.failed', hint: /object_lock/ });
});

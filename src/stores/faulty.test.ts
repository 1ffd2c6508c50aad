import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import { type FaultPlan, withFaults } from './faulty.ts';
import { openMemoryStore } from './memory/open.ts';

const how = { signal: new AbortController().signal };

async function filled(plan: FaultPlan) {
  const inner = openMemoryStore();
  await inner.put('data/a', Buffer.from('body'), how);
  return { inner, store: withFaults(inner, JSON.parse(JSON.stringify(plan))) };
}

test('the n-th call of a kind fails, before or after it did its work', async () => {
  const fail = (nth: number, when: 'before' | 'after') =>
    ({ calls: ['put'], prefix: 'data/', nth, action: { kind: 'fail', when, code: 'store.full' } }) as const;
  const { inner, store } = await filled({ faults: [fail(2, 'before'), fail(3, 'after')] });
  await store.put('index/x', Buffer.from('x'), how);
  await store.put('data/1', Buffer.from('x'), how);
  await assert.rejects(store.put('data/2', Buffer.from('x'), how), (error) => hasCode(error, 'store.full'));
  await assert.rejects(store.put('data/3', Buffer.from('x'), how), (error) => hasCode(error, 'store.full'));
  await store.put('data/4', Buffer.from('x'), how);
  const there = await Promise.all(['data/1', 'data/2', 'data/3', 'data/4'].map((key) => inner.stat(key, how)));
  assert.deepEqual(
    there.map((stored) => stored !== undefined),
    [true, false, true, true],
  );
});

test('reads and streams come out short or with one bit changed', async () => {
  const flip = { calls: ['read', 'stream'], nth: 1, action: { kind: 'flip', bit: 8 } } as const;
  const cut = { calls: ['read', 'stream'], nth: 2, action: { kind: 'truncate', sizeBytes: 2 } } as const;
  const { store } = await filled({ faults: [flip, cut] });
  assert.equal(Buffer.from(await store.read('data/a', undefined, how)).toString(), 'bndy');
  assert.equal(Buffer.from(await collectBytes(store.stream('data/a', undefined, how))).toString(), 'bo');
  assert.equal(Buffer.from(await store.read('data/a', undefined, how)).toString(), 'body');
});

test('a fault without a number hits every call', async () => {
  const action = { kind: 'delay', durationMs: 5 } as const;
  const { store } = await filled({ faults: [{ calls: ['stat'], action }] });
  const started = performance.now();
  await store.stat('data/a', how);
  await store.stat('data/a', how);
  assert.ok(performance.now() - started >= 9);
});

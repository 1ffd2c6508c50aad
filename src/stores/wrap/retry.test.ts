import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { collectBytes } from '../../base/streams.ts';
import { type FaultAction, type FaultyCall, withFaults } from '../faulty.ts';
import { openMemoryStore } from '../memory/open.ts';
import type { Store } from '../store.ts';
import { withRetry } from './retry.ts';

const how = { signal: new AbortController().signal };
const policy = { attempts: 4, firstDelayMs: 1, longestDelayMs: 2 };
const lost: FaultAction = { kind: 'fail', when: 'after', code: 'store.unavailable', retry: 'later' };

function retrying(inner: Store, call: FaultyCall, action: FaultAction, nth: number | undefined = 1): Store {
  const faults = [{ calls: [call], action, ...(nth === undefined ? {} : { nth }) }];
  return withRetry(withFaults(inner, { faults }), { policy });
}

test('a put whose answer was lost is repeated with the body opened anew', async () => {
  let opened = 0;
  async function* open() {
    opened += 1;
    yield Buffer.from('body');
  }
  const inner = openMemoryStore();
  await retrying(inner, 'put', lost).put('a', { open }, how);
  assert.equal(opened, 2);
  assert.equal(Buffer.from(await inner.read('a', undefined, how)).toString(), 'body');
});

test('a put with ifAbsent whose answer was lost has won, unless another body is there', async () => {
  const inner = openMemoryStore();
  await retrying(inner, 'put', lost).put('mine', Buffer.from('body'), { ...how, ifAbsent: true });
  await inner.put('theirs', Buffer.from('other'), how);
  const before: FaultAction = { ...lost, when: 'before' };
  for (const body of ['body', 'othe', 'others']) {
    const outcome = retrying(inner, 'put', before).put('theirs', Buffer.from(body), { ...how, ifAbsent: true });
    await assert.rejects(outcome, (error) => hasCode(error, 'store.exists'), body);
  }
});

test('a put with ifAbsent that finds the same body at the first attempt has not won', async () => {
  const inner = openMemoryStore();
  await inner.put('a', Buffer.from('body'), how);
  const outcome = withRetry(inner).put('a', Buffer.from('body'), { ...how, ifAbsent: true });
  await assert.rejects(outcome, (error) => hasCode(error, 'store.exists'));
});

test('a stream that breaks off goes on where it was, as often as it makes progress', async () => {
  const body = Uint8Array.from({ length: 1000 }, (_, index) => index & 0xff);
  const inner = openMemoryStore();
  await inner.put('a', body, how);
  const ranges: unknown[] = [];
  const breaking: Store = {
    ...inner,
    async *stream(key, range, streamHow) {
      ranges.push(range);
      const { offset = 0, length = 1000 - offset } = range ?? {};
      yield await inner.read(key, { offset, length: Math.min(100, length) }, streamHow);
      if (length > 100) throw new SuretyError('store.unavailable', 'cut', { retry: 'later' });
    },
  };
  const store = withRetry(breaking, { policy });
  assert.deepEqual(await collectBytes(store.stream('a', undefined, how)), body);
  assert.equal(ranges.length, 10);
  assert.deepEqual(await collectBytes(store.stream('a', { offset: 50, length: 250 }, how)), body.slice(50, 300));
  assert.deepEqual(ranges.at(-1), { offset: 250, length: 50 });
});

test('a list that breaks off after some keys yields each key once', async () => {
  const inner = openMemoryStore();
  for (const key of ['a', 'b', 'c']) await inner.put(key, new Uint8Array(1), how);
  const found: string[] = [];
  for await (const { key } of retrying(inner, 'list', lost).list('', how)) found.push(key);
  assert.deepEqual(found.sort(), ['a', 'b', 'c']);
});

test('what stays broken fails after the last attempt; what is final fails at once', async () => {
  const told: string[] = [];
  const inner = openMemoryStore();
  const faults = [{ calls: ['stat' as const], action: lost }];
  const store = withRetry(withFaults(inner, { faults }), { policy, onRetry: (call) => told.push(call) });
  await assert.rejects(store.stat('a', how), (error) => hasCode(error, 'store.unavailable'));
  assert.deepEqual(told, ['stat a', 'stat a', 'stat a']);
  await assert.rejects(store.read('a', undefined, how), (error) => hasCode(error, 'store.not-found'));
  assert.equal(told.length, 3);
});

test('a body that can be opened once is put once when it was opened, and again when it was not', async () => {
  const fails = (nth: number) => ({
    calls: ['put' as const],
    nth,
    action: { kind: 'fail', when: 'before', code: 'store.unavailable', retry: 'later' } as const,
  });
  let opened = 0;
  const body = {
    once: true,
    async *open() {
      opened += 1;
      yield Buffer.from('said once');
    },
  };
  const inner = openMemoryStore();
  await withRetry(withFaults(inner, { faults: [fails(1)] }), { policy }).put('a', body, how);
  assert.equal(opened, 1);
  const after = { ...fails(1), action: { ...fails(1).action, when: 'after' as const } };
  const put = withRetry(withFaults(inner, { faults: [after] }), { policy }).put('b', body, how);
  await assert.rejects(put, { code: 'store.unavailable', retry: 'never', hint: /run it again/ });
  assert.equal(opened, 2);
});

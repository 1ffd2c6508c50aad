import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { collectBytes } from '../../base/streams.ts';
import { openMemoryStore } from '../memory/open.ts';
import type { Store } from '../store.ts';
import { withLimit } from './limit.ts';

const how = { signal: new AbortController().signal };

/** A memory store that counts how many puts are under way. */
function counting(): { store: Store; most: () => number } {
  const inner = openMemoryStore();
  let inside = 0;
  let most = 0;
  return {
    most: () => most,
    store: {
      ...inner,
      async put(key, body, putHow) {
        most = Math.max(most, ++inside);
        await systemClock.sleep(2, putHow.signal);
        await inner.put(key, body, putHow);
        inside -= 1;
      },
    },
  };
}

/** A clock on which pauses take no time but are counted. */
function countingClock() {
  let elapsedMs = 0;
  const sleep = async (durationMs: number) => {
    elapsedMs += Math.max(0, durationMs);
  };
  return { clock: { ...systemClock, elapsedMs: () => elapsedMs, sleep }, elapsedMs: () => elapsedMs };
}

test('no more calls than allowed are under way', async () => {
  const { store, most } = counting();
  const limited = withLimit(store, { connections: 3 });
  assert.equal(limited.traits.connections, 3);
  await Promise.all(Array.from({ length: 15 }, (_, index) => limited.put(`k${index}`, new Uint8Array(1), how)));
  assert.equal(most(), 3);
});

test('a list that is being worked on does not hold the only place', async () => {
  const store = withLimit(openMemoryStore(), { connections: 1 });
  for (const key of ['a', 'b']) await store.put(key, new Uint8Array(5), how);
  for await (const { key } of store.list('', how)) {
    for await (const chunk of store.stream(key, undefined, how)) {
      assert.equal(chunk.length, 5);
      await store.delete(key, how);
    }
  }
  assert.equal(await store.stat('a', how), undefined);
});

test('uploads and downloads take the time their rate says', async () => {
  const { clock, elapsedMs } = countingClock();
  const rates = { uploadBytesPerSecond: 1_000_000, downloadBytesPerSecond: 500_000 };
  const store = withLimit(openMemoryStore(), { ...rates, clock });
  await store.put('a', new Uint8Array(2_000_000), how);
  assert.ok(Math.abs(elapsedMs() - 2000) < 1);
  await store.read('a', undefined, how);
  assert.ok(Math.abs(elapsedMs() - 6000) < 1);
  await collectBytes(store.stream('a', { offset: 0, length: 500_000 }, how));
  assert.ok(Math.abs(elapsedMs() - 7000) < 1);
});

test('a rate that changes holds from then on, in the middle of a body too', async () => {
  const { clock, elapsedMs } = countingClock();
  const rates = () => (elapsedMs() < 10_000 ? { upload: 100_000, download: 100_000 } : {});
  const store = withLimit(openMemoryStore(), { rates, clock });
  await store.put('a', new Uint8Array(5_000_000), how);
  assert.ok(
    elapsedMs() >= 10_000 && elapsedMs() < 11_000,
    `it took ${elapsedMs()} ms, not the 50 seconds of the first rate`,
  );
  await store.read('a', undefined, how);
  assert.ok(elapsedMs() < 11_000);
});

test('a big read is slowed by the rate of each moment', async () => {
  const { clock, elapsedMs } = countingClock();
  const inner = openMemoryStore();
  await inner.put('a', new Uint8Array(5_000_000), how);
  const rates = () => (elapsedMs() < 10_000 ? { download: 100_000 } : { download: 1_000_000 });
  await withLimit(inner, { rates, clock }).read('a', undefined, how);
  assert.ok(Math.abs(elapsedMs() - 14_000) < 1100, `it took ${elapsedMs()} ms`);
});

/** Bodies that come once, break off or are big. */
import assert from 'node:assert/strict';
import { systemClock } from '../base/clock.ts';
import { collectBytes } from '../base/streams.ts';
import { how, keys, pieces, type StoreChecks, sameBytes, sample } from './contract-sample.ts';
import type { How, Store, StreamedBody } from './store.ts';

const MIB = 1 << 20;

export const bodyChecks: StoreChecks = {
  async 'a body that can be opened once is opened once'(store) {
    let opened = 0;
    const body = sample(200_000);
    const once: StreamedBody = {
      once: true,
      open() {
        opened += 1;
        return pieces(body, 30_000);
      },
    };
    await store.put('once', once, how);
    assert.equal(opened, 1);
    sameBytes(await store.read('once', undefined, how), body, 'the body');
  },

  async 'a body that can be opened once and breaks is not opened again, and leaves nothing'(store) {
    let opened = 0;
    const broken = new Error('the source broke');
    const open = async function* () {
      opened += 1;
      yield sample(100_000);
      throw broken;
    };
    await assert.rejects(store.put('once', { once: true, open }, how), (error) => error === broken);
    assert.equal(opened, 1);
    assert.deepEqual(await keys(store, ''), []);
  },

  async 'a body of no bytes and one of small pieces are stored'(store) {
    await store.put('empty', { open: () => pieces(sample(0), 1) }, how);
    await store.put('small', { open: () => pieces(sample(999), 1) }, how);
    assert.equal((await store.stat('empty', how))?.sizeBytes, 0);
    assert.equal((await store.read('empty', undefined, how)).length, 0);
    assert.deepEqual(await store.read('small', undefined, how), sample(999));
  },

  async 'a part is read into bytes that are given, or into new ones where they are too few'(store) {
    const body = sample(200_000);
    await store.put('a', body, how);
    for (const into of [new Uint8Array(150_000), new Uint8Array(new SharedArrayBuffer(100_000)), new Uint8Array(9)]) {
      const read = await store.read('a', { offset: 50_000, length: 100_000 }, { ...how, into });
      sameBytes(read, body.subarray(50_000, 150_000), 'the part');
      // Some stores have the bytes anyway, and give those.
      const isThere = (read.buffer as ArrayBufferLike) === into.buffer;
      if (isThere) assert.equal(read.byteOffset, 0);
      assert.ok(!isThere || into.length >= read.length);
    }
  },

  async 'a put that is ended while its body is under way stores nothing and ends soon'(store) {
    await requireEnded(store, sample(300_000));
  },

  async 'a stream that is ended half way throws the reason'(store) {
    await store.put('a', sample(500_000), how);
    const reason = new Error('stop');
    const ended = new AbortController();
    const read = async () => {
      for await (const chunk of store.stream('a', undefined, { signal: ended.signal })) {
        assert.ok(chunk.length > 0);
        ended.abort(reason);
      }
      ended.signal.throwIfAborted();
    };
    await assert.rejects(read(), (error) => error === reason);
    for await (const _ of store.stream('a', undefined, how)) break;
    sameBytes(await store.read('a', undefined, how), sample(500_000), 'the body');
  },
};

export const bigBodyChecks: StoreChecks = {
  async 'a body of 40 MiB whose size nobody knows is stored whole'(store) {
    const body = sample(40 * MIB + 17);
    await store.put('data/big', { once: true, open: () => pieces(body, 1_000_003) }, how);
    assert.equal((await store.stat('data/big', how))?.sizeBytes, body.length);
    sameBytes(await collectBytes(store.stream('data/big', undefined, how)), body, 'the body');
    const ranges = [0, 5 * MIB - 9, 8 * MIB - 1, 16 * MIB - 100, 40 * MIB].map((offset) => ({ offset, length: 17 }));
    const read = await Promise.all(ranges.map((range) => store.read('data/big', range, how)));
    for (const [index, { offset, length }] of ranges.entries()) {
      sameBytes(read[index]!, body.subarray(offset, offset + length), `the range from byte ${offset} on`);
    }
  },

  async 'big bodies of known size are stored whole, from memory and streamed'(store) {
    const body = sample(20 * MIB + 3);
    await store.put('bytes', body, how);
    sameBytes(await store.read('bytes', undefined, how), body, 'the body from memory');
    await store.put('bytes', { sizeBytes: 17 * MIB, open: () => pieces(body.subarray(0, 17 * MIB), 3_000_000) }, how);
    sameBytes(await store.read('bytes', undefined, how), body.subarray(0, 17 * MIB), 'the body that replaced it');
  },

  async 'a big body that breaks, or is not as big as it said, leaves what was there'(store) {
    await store.put('big', sample(10), how);
    const broken = new Error('the source broke');
    const open = async function* () {
      yield* pieces(sample(18 * MIB), MIB);
      throw broken;
    };
    await assert.rejects(store.put('big', { open }, how), (error) => error === broken);
    await assert.rejects(store.put('other', { open, once: true }, how), (error) => error === broken);
    const short = { sizeBytes: 18 * MIB + 1, open: () => pieces(sample(18 * MIB), MIB) };
    await assert.rejects(store.put('big', short, how), { code: 'store.failed' });
    assert.deepEqual(await keys(store, ''), ['big']);
    assert.deepEqual(await store.read('big', undefined, how), sample(10));
  },

  async 'a put that is ended in the middle of a big body stores nothing and ends soon'(store) {
    await requireEnded(store, sample(18 * MIB));
  },

  async 'a big body with ifAbsent does not replace'(store) {
    const body = { open: () => pieces(sample(18 * MIB), MIB) };
    await store.put('one', body, { ...how, ifAbsent: true });
    await assert.rejects(store.put('one', { open: () => pieces(sample(17 * MIB), MIB) }, { ...how, ifAbsent: true }), {
      code: 'store.exists',
    });
    assert.equal((await store.stat('one', how))?.sizeBytes, 18 * MIB);
  },
};

const ENDS_WITHIN_MS = 30_000;

/** A body that gives these bytes and then waits for ever: the signal ends it. */
async function requireEnded(store: Store, bytes: Uint8Array): Promise<void> {
  const reason = new Error('stop');
  const ended = new AbortController();
  const open = async function* (bodyHow: How) {
    yield* pieces(bytes, MIB);
    ended.abort(reason);
    await systemClock.sleep(10 * ENDS_WITHIN_MS, bodyHow.signal);
  };
  const beforeMs = systemClock.elapsedMs();
  await assert.rejects(store.put('ended', { open }, { signal: ended.signal }), (error) => error === reason);
  assert.ok(systemClock.elapsedMs() - beforeMs < ENDS_WITHIN_MS, 'it ends soon');
  assert.equal(await store.stat('ended', how), undefined);
  assert.deepEqual(await keys(store, ''), []);
}

/** What a store is for: put, read, list, delete, and what is refused. */
import assert from 'node:assert/strict';
import { systemClock } from '../base/clock.ts';
import { hasCode } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import { how, keys, pieces, rejects, type StoreChecks, sample } from './contract-sample.ts';

export const basicChecks: StoreChecks = {
  async 'what was put is read back, whole'(store) {
    for (const sizeBytes of [0, 1, 4096, 300_001]) {
      const body = sample(sizeBytes);
      await store.put(`data/ab/${sizeBytes}`, body, how);
      assert.deepEqual(await store.read(`data/ab/${sizeBytes}`, undefined, how), body);
      assert.deepEqual(await collectBytes(store.stream(`data/ab/${sizeBytes}`, undefined, how)), body);
    }
  },

  async 'a range is read exactly'(store) {
    const body = sample(300_000);
    await store.put('a', body, how);
    const ranges = [
      { offset: 0, length: 1 },
      { offset: 7, length: 270_000 },
      { offset: 299_999, length: 1 },
      { offset: 100 },
      { offset: 300_000 },
      { offset: 5, length: 0 },
    ];
    for (const range of ranges) {
      const expected = body.slice(range.offset, range.length === undefined ? undefined : range.offset + range.length);
      assert.deepEqual(await store.read('a', range, how), expected);
      assert.deepEqual(await collectBytes(store.stream('a', range, how)), expected);
    }
  },

  async 'a range that passes the end fails as incomplete'(store) {
    await store.put('a', sample(100), how);
    for (const range of [{ offset: 0, length: 101 }, { offset: 101 }, { offset: 90, length: 11 }]) {
      await rejects(store.read('a', range, how), 'store.incomplete');
      await rejects(collectBytes(store.stream('a', range, how)), 'store.incomplete');
    }
  },

  async 'the bytes of a read are the caller’s own'(store) {
    await store.put('a', sample(64), how);
    (await store.read('a', undefined, how)).fill(0);
    for await (const chunk of store.stream('a', undefined, how)) chunk.fill(0);
    assert.deepEqual(await store.read('a', undefined, how), sample(64));
  },

  async 'a streamed body is stored whole, with its size known or not'(store) {
    const body = sample(500_000);
    const open = () => pieces(body, 70_000);
    await store.put('known', { sizeBytes: body.length, open }, how);
    await store.put('unknown', { open }, how);
    assert.deepEqual(await store.read('known', undefined, how), body);
    assert.deepEqual(await store.read('unknown', undefined, how), body);
  },

  async 'a streamed body that fails or has another size leaves nothing, and its error comes out'(store) {
    const broken = new Error('the source broke');
    const failing = async function* () {
      yield sample(100_000);
      throw broken;
    };
    await assert.rejects(store.put('a', { open: failing }, how), (error) => error === broken);
    await rejects(store.put('a', { sizeBytes: 101, open: () => pieces(sample(100), 10) }, how), 'store.failed');
    await rejects(store.put('a', { sizeBytes: 99, open: () => pieces(sample(100), 10) }, how), 'store.failed');
    assert.equal(await store.stat('a', how), undefined);
    assert.deepEqual(await keys(store, ''), []);
  },

  async 'a put replaces, and a put with ifAbsent does not'(store) {
    await store.put('config', sample(10), how);
    await store.put('config', sample(20), how);
    assert.deepEqual(await store.read('config', undefined, how), sample(20));
    await rejects(store.put('config', sample(30), { ...how, ifAbsent: true }), 'store.exists');
    assert.deepEqual(await store.read('config', undefined, how), sample(20));
    await store.put('other', sample(30), { ...how, ifAbsent: true });
    assert.deepEqual(await store.read('other', undefined, how), sample(30));
    assert.deepEqual(await keys(store, ''), ['config', 'other']);
  },

  async 'of puts with ifAbsent at once exactly one wins'(store) {
    if (!store.traits.conditionalPut) return;
    const bodies = Array.from({ length: 20 }, (_, index) => sample(1000 + index));
    const outcomes = await Promise.allSettled(
      bodies.map((body) => store.put('locks/one', body, { ...how, ifAbsent: true })),
    );
    const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []));
    assert.equal(winners.length, 1);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === 'fulfilled' || hasCode(outcome.reason, 'store.exists'));
    }
    assert.deepEqual(await store.read('locks/one', undefined, how), bodies[winners[0]!]);
  },

  async 'what is not there is not found, and deleting it succeeds'(store) {
    await rejects(store.read('data/none', undefined, how), 'store.not-found');
    await rejects(collectBytes(store.stream('data/none', undefined, how)), 'store.not-found');
    assert.equal(await store.stat('data/none', how), undefined);
    assert.deepEqual(await keys(store, 'data'), []);
    await store.delete('data/none', how);
    await store.put('data/some', sample(1), how);
    assert.equal(await store.stat('data', how), undefined);
    await store.delete('data', how);
    assert.deepEqual(await keys(store, ''), ['data/some']);
  },

  async 'size and time are known'(store) {
    const beforeMs = systemClock.now().getTime();
    await store.put('a/b', sample(1234), how);
    const found = await store.stat('a/b', how);
    assert.equal(found?.key, 'a/b');
    assert.equal(found.sizeBytes, 1234);
    assert.ok(Math.abs(found.modifiedAt.getTime() - beforeMs) < 3_600_000, 'the time is about now');
    for await (const listed of store.list('a/b', how)) assert.deepEqual(listed, found);
  },

  async 'a list has every key under the prefix once, and no other'(store) {
    const stored = Array.from({ length: 150 }, (_, index) => `data/${index % 7}/${index}`);
    stored.push('database/x', 'index/1', 'config');
    await Promise.all(stored.map((key) => store.put(key, sample(3), how)));
    const expected = (test: (key: string) => boolean) => stored.filter(test).sort();
    assert.deepEqual(
      await keys(store, ''),
      expected(() => true),
    );
    assert.deepEqual(
      await keys(store, 'data/'),
      expected((key) => key.startsWith('data/')),
    );
    assert.deepEqual(
      await keys(store, 'data'),
      expected((key) => key.startsWith('data/')),
    );
    assert.deepEqual(
      await keys(store, 'data/3'),
      expected((key) => key.startsWith('data/3/')),
    );
    assert.deepEqual(await keys(store, 'config'), ['config']);
    assert.deepEqual(await keys(store, 'none/'), []);
  },

  async 'what was deleted is gone at once'(store) {
    await store.put('a', sample(5), how);
    await store.put('b', sample(5), how);
    await store.delete('a', how);
    await rejects(store.read('a', undefined, how), 'store.not-found');
    assert.deepEqual(await keys(store, ''), ['b']);
  },

  async 'keys that could lead elsewhere are refused'(store) {
    const bad = ['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', 'a\\b', 'a b', 'é', 'a\0', 'tmp', 'tmp/x'];
    for (const key of [...bad, 'x'.repeat(256)]) {
      await rejects(store.put(key, sample(1), how), 'store.invalid-key');
      await rejects(store.read(key, undefined, how), 'store.invalid-key');
      await rejects(collectBytes(store.stream(key, undefined, how)), 'store.invalid-key');
      await rejects(store.stat(key, how), 'store.invalid-key');
      await rejects(store.delete(key, how), 'store.invalid-key');
    }
    await rejects(keys(store, '../'), 'store.invalid-key');
    assert.deepEqual(await keys(store, ''), []);
  },

  async 'an aborted call throws the reason and stores nothing'(store) {
    const reason = new Error('stop');
    const aborted = { signal: AbortSignal.abort(reason) };
    const isReason = (error: unknown) => error === reason;
    await assert.rejects(store.put('a', sample(1), aborted), isReason);
    await assert.rejects(store.read('a', undefined, aborted), isReason);
    await assert.rejects(collectBytes(store.stream('a', undefined, aborted)), isReason);
    await assert.rejects(store.stat('a', aborted), isReason);
    await assert.rejects(keys(store, '', aborted), isReason);
    await assert.rejects(store.delete('a', aborted), isReason);
    const midway = new AbortController();
    const body = async function* () {
      yield sample(10);
      midway.abort(reason);
      yield sample(10);
    };
    await assert.rejects(store.put('a', { open: body }, { signal: midway.signal }), isReason);
    assert.deepEqual(await keys(store, ''), []);
  },

  async 'many calls at once do not disturb each other'(store) {
    const names = Array.from({ length: 60 }, (_, index) => `many/${index % 5}/${index}`);
    await Promise.all(names.map((key, index) => store.put(key, sample(2000 + index), how)));
    const read = await Promise.all(names.map((key) => store.read(key, undefined, how)));
    for (const [index, bytes] of read.entries()) assert.deepEqual(bytes, sample(2000 + index));
    await Promise.all(names.map((key) => store.delete(key, how)));
    assert.deepEqual(await keys(store, ''), []);
  },
};

/** Keys of every shape, and long lists. */
import assert from 'node:assert/strict';
import { hasCode } from '../base/errors.ts';
import { collectBytes } from '../base/streams.ts';
import { how, inParallel, keys, type StoreChecks, sample } from './contract-sample.ts';
import type { Store } from './store.ts';

const ALLOWED = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-';

/** More than any service gives in one answer to S3's and Google's kind of list. */
const LONG_LIST = 1050;

export const placeChecks: StoreChecks = {
  async 'keys may have every allowed character, dots and dashes anywhere, and case counts'(store) {
    const odd = [
      ...[ALLOWED, '.hidden', 'ends.', '...', '-', '--help', '-rf/-x', '_', 'a/.b/c.', 'a/b..c', 'con', 'nul.txt'],
      ...['lower/case', 'Lower/case', 'lower/Case', '0', '00', '1/0', 'x.tmp', 'tmpfile', 'a/tmp/b', 'index.html'],
    ];
    await inParallel(odd, 8, (key) => store.put(key, Buffer.from(key), how));
    await inParallel(odd, 8, async (key) => {
      assert.equal(Buffer.from(await store.read(key, undefined, how)).toString(), key);
      assert.equal((await store.stat(key, how))?.sizeBytes, key.length);
    });
    assert.deepEqual(await keys(store, ''), [...odd].sort());
    assert.deepEqual(await keys(store, 'a/tmp'), ['a/tmp/b']);
    await inParallel(odd, 8, (key) => store.delete(key, how));
    assert.deepEqual(await keys(store, ''), []);
  },

  async 'long keys and keys of many parts are stored'(store) {
    const deep = Array.from({ length: 100 }, (_, index) => `p${index}`).join('/');
    const long = [deep, 'n'.repeat(255), `${'l'.repeat(255)}/${'m'.repeat(255)}/z`];
    for (const key of long) await requireStored(store, key);
    assert.deepEqual(await keys(store, ''), [...long].sort());
    assert.deepEqual(await keys(store, 'p0/p1/p2'), [deep]);
  },

  async 'the longest keys are stored, or refused as what can not be one'(store) {
    const longest = `${Array.from({ length: 4 }, () => 'k'.repeat(255)).join('/')}/`.slice(0, 1024).replace(/\/$/, 'k');
    const parts = Array.from({ length: 255 }, () => 'd').join('/');
    const stored: string[] = [];
    for (const key of [longest, parts]) {
      try {
        await requireStored(store, key);
        stored.push(key);
      } catch (error) {
        if (!hasCode(error, 'store.invalid-key')) throw error;
      }
    }
    assert.deepEqual(await keys(store, ''), stored.sort());
  },

  async 'what is listed agrees with what is asked for one by one'(store) {
    const sizes = new Map(
      [0, 1, 77, 4096, 65_537].map((sizeBytes) => [`data/${sizeBytes % 3}/${sizeBytes}`, sizeBytes]),
    );
    for (const [key, sizeBytes] of sizes) await store.put(key, sample(sizeBytes), how);
    let listed = 0;
    for await (const stored of store.list('', how)) {
      assert.equal(stored.sizeBytes, sizes.get(stored.key), stored.key);
      assert.deepEqual(await store.stat(stored.key, how), stored);
      listed += 1;
    }
    assert.equal(listed, sizes.size);
  },

  async 'a key that has others below it is a key like any other'(store) {
    // A folder can not be a file too: a store of files refuses it, without harm to what is there.
    await store.put('both/below', sample(10), how);
    try {
      await store.put('both', sample(20), how);
      assert.deepEqual(await store.read('both', undefined, how), sample(20));
      assert.deepEqual(await keys(store, 'both'), ['both', 'both/below']);
    } catch (error) {
      if (!hasCode(error, 'store.failed', 'store.invalid-key', 'store.exists')) throw error;
      assert.deepEqual(await keys(store, ''), ['both/below']);
    }
    assert.deepEqual(await store.read('both/below', undefined, how), sample(10));
  },
};

export const longListChecks: StoreChecks = {
  async 'a list goes on past a thousand keys, and sees them all'(store) {
    const stored = Array.from({ length: LONG_LIST }, (_, index) => `data/${(index % 16).toString(16)}/${index}`);
    await inParallel(stored, store.traits.connections, (key) => store.put(key, sample(1), how));
    await store.put('database/1', sample(1), how);
    assert.deepEqual(await keys(store, 'data'), [...stored].sort());
    assert.equal((await keys(store, '')).length, LONG_LIST + 1);
    assert.deepEqual(await keys(store, 'data/3'), stored.filter((key) => key.startsWith('data/3/')).sort());
  },
};

async function requireStored(store: Store, key: string): Promise<void> {
  await store.put(key, Buffer.from(key), how);
  assert.equal(Buffer.from(await collectBytes(store.stream(key, undefined, how))).toString(), key);
}

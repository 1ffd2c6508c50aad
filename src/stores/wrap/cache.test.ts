import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, stat, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openMemoryStore } from '../memory/open.ts';
import type { Store } from '../store.ts';
import { withCache } from './cache.ts';
import { openCacheFolder } from './cache-folder.ts';

const how = { signal: new AbortController().signal };
const use = { ...how, kept: 'use' } as const;
const replace = { ...how, kept: 'replace' } as const;

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'surety-cache-')), 'cache');
});
afterEach(async () => {
  await rm(join(path, '..'), { recursive: true });
});

/** A cached store, and what reaches the store below. */
async function open(below: Store = openMemoryStore(), sizeBytes = 1 << 20) {
  const reads: string[] = [];
  const watched: Store = {
    ...below,
    read(key, range, readHow) {
      reads.push(range === undefined ? key : `${key} ${range.offset}+${range.length}`);
      return below.read(key, range, readHow);
    },
  };
  const store = withCache(watched, await openCacheFolder({ path, name: 'repository', sizeBytes }));
  return { store, reads, below };
}

const body = Buffer.from('0123456789');

test('what was read is read again from this machine, in this process and the next', async () => {
  const { store, reads, below } = await open();
  await below.put('index/a', body, how);
  for (let round = 0; round < 3; round++)
    assert.deepEqual(Buffer.from(await store.read('index/a', undefined, use)), body);
  assert.deepEqual(reads, ['index/a']);
  const next = await open(below);
  assert.deepEqual(Buffer.from(await next.store.read('index/a', { offset: 2, length: 3 }, use)), body.subarray(2, 5));
  assert.deepEqual(next.reads, []);
});

test('a read that does not ask for it always reaches the store', async () => {
  const { store, reads, below } = await open();
  await below.put('index/a', body, how);
  await store.read('index/a', undefined, use);
  await below.put('index/a', Buffer.from('changed'), how);
  assert.equal(Buffer.from(await store.read('index/a', undefined, how)).toString(), 'changed');
  await below.delete('index/a', how);
  await assert.rejects(store.read('index/a', undefined, how), { code: 'store.not-found' });
  assert.equal(reads.length, 3);
});

test('ranges are kept by themselves, and bytes that were put as a whole', async () => {
  const { store, reads, below } = await open();
  await below.put('data/ab/x', body, how);
  await store.read('data/ab/x', { offset: 2, length: 4 }, use);
  assert.deepEqual(Buffer.from(await store.read('data/ab/x', { offset: 2, length: 4 }, use)), body.subarray(2, 6));
  assert.deepEqual(reads, ['data/ab/x 2+4']);
  await store.put('data/ab/y', body, use);
  await store.put('data/ab/z', body, how);
  assert.deepEqual(Buffer.from(await store.read('data/ab/y', { offset: 0, length: 4 }, use)), body.subarray(0, 4));
  assert.equal(reads.length, 1);
  await store.read('data/ab/z', { offset: 0, length: 4 }, use);
  assert.equal(reads.length, 2);
});

test('what was bad is read anew and kept in its place', async () => {
  const { store, reads, below } = await open();
  await below.put('index/a', Buffer.from('bad'), how);
  await store.read('index/a', undefined, use);
  await below.put('index/a', body, how);
  assert.deepEqual(Buffer.from(await store.read('index/a', undefined, replace)), body);
  assert.deepEqual(Buffer.from(await store.read('index/a', undefined, use)), body);
  assert.equal(reads.length, 2);
});

test('files of the cache may be cut or deleted at any time', async () => {
  const { store, below } = await open();
  await below.put('data/ab/x', body, how);
  await store.read('data/ab/x', { offset: 2, length: 4 }, use);
  await store.read('data/ab/x', undefined, use);
  await truncate(join(path, 'repository', 'data/ab/x'), 3);
  await truncate(join(path, 'repository', 'ranges/data/ab/x/2-4'), 3);
  assert.deepEqual(Buffer.from(await store.read('data/ab/x', { offset: 2, length: 4 }, use)), body.subarray(2, 6));
  await rm(path, { recursive: true });
  assert.deepEqual(Buffer.from(await store.read('data/ab/x', undefined, use)), body);
  await store.put('index/b', body, use);
});

test('only this user can enter it', async () => {
  await open();
  await chmod(path, 0o755);
  const { store } = await open();
  await store.put('index/b', body, use);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal((await stat(join(path, 'repository/index/b'))).mode & 0o777, 0o600);
});

test('it stays below its size, and what was not used goes first', async () => {
  const { store } = await open(openMemoryStore(), 100_000);
  for (let at = 0; at < 8; at++) {
    await store.put(`index/${at}`, new Uint8Array(12_000), use);
    const used = new Date(Date.now() - (10 - at) * 86_400_000);
    await utimes(join(path, `repository/index/${at}`), used, used);
  }
  // Reading marks as used.
  await store.read('index/0', undefined, use);
  for (let at = 8; at < 10; at++) await store.put(`index/${at}`, new Uint8Array(12_000), use);
  await store[Symbol.asyncDispose]();
  const left = await readdir(join(path, 'repository/index'));
  assert.ok(left.length <= 8 && left.length >= 6, left.join());
  assert.ok(left.includes('0') && left.includes('9') && !left.includes('1'), left.join());
});

test('several processes may write the same file at once', async () => {
  const below = openMemoryStore();
  const big = new Uint8Array(50_000).fill(7);
  await below.put('index/a', big, how);
  const stores = await Promise.all(Array.from({ length: 6 }, () => open(below)));
  const read = await Promise.all(stores.map(({ store }) => store.read('index/a', undefined, use)));
  for (const bytes of read) assert.deepEqual(bytes, new Uint8Array(big));
  assert.deepEqual(await readdir(join(path, 'repository/index')), ['a']);
  assert.deepEqual((await readdir(path)).sort(), ['CACHEDIR.TAG', 'repository']);
});

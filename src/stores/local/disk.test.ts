import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountSmallDisk } from '../../../test/faults/small-disk.ts';
import { skipUnlessRoot, skipWithout } from '../../../test/fixtures/programs.ts';
import { hasCode } from '../../base/errors.ts';
import type { Store } from '../store.ts';
import { openLocalStore } from './open.ts';

const how = { signal: new AbortController().signal };
const skip = skipUnlessRoot() || skipWithout('mount');

async function keys(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('', how)) found.push(key);
  return found.sort();
}

test('on a full disk a put fails, says how much is free, and leaves room for the next', { skip }, async () => {
  await using disk = await mountSmallDisk('size=4m');
  const { path } = disk;
  const store = await openLocalStore({ path });
  await store.put('data/one', new Uint8Array(3 << 20), how);
  const outcome = store.put('data/two', new Uint8Array(2 << 20), how);
  await assert.rejects(outcome, (error) => {
    assert.ok(hasCode(error, 'store.full'), String(error));
    assert.match(error.message, /can not write data\/two .*disk is full/);
    // The unfinished file is removed before anybody looks: about a megabyte is free again.
    assert.match(error.hint ?? '', /KiB are free|MiB are free/);
    return true;
  });
  assert.deepEqual(await keys(store), ['data/one']);
  assert.deepEqual(await readdir(join(path, 'tmp')), []);
  await store.put('data/three', new Uint8Array(1 << 19), how);
});

test('a disk without inodes is full too', { skip }, async () => {
  await using disk = await mountSmallDisk('size=4m,nr_inodes=8');
  const store = await openLocalStore({ path: disk.path });
  const puts = Array.from({ length: 12 }, (_, index) => store.put(`k${index}`, new Uint8Array(1), how));
  const failed = (await Promise.allSettled(puts)).filter((outcome) => outcome.status === 'rejected');
  assert.ok(failed.length > 0);
  for (const { reason } of failed) assert.ok(hasCode(reason, 'store.full'), String(reason));
});

test('a read-only disk can be read and says that it is read-only', { skip }, async () => {
  await using disk = await mountSmallDisk('size=4m');
  const { path } = disk;
  const writable = await openLocalStore({ path });
  await writable.put('data/one', Buffer.from('body'), how);
  await writeFile(join(path, 'tmp', 'left-over'), '');
  await disk.remount('ro');
  const store = await openLocalStore({ path });
  assert.equal(Buffer.from(await store.read('data/one', undefined, how)).toString(), 'body');
  assert.deepEqual(await keys(store), ['data/one']);
  await assert.rejects(store.put('data/two', Buffer.from('x'), how), (error) => hasCode(error, 'store.read-only'));
  await assert.rejects(store.delete('data/one', how), (error) => hasCode(error, 'store.read-only'));
});

test('an unmounted disk fails every call, also where its mount point stays', { skip }, async () => {
  await using disk = await mountSmallDisk('size=4m');
  const { path } = disk;
  const store = await openLocalStore({ path });
  await store.put('data/one', Buffer.from('body'), how);
  await disk.unmount();
  const gone = (error: unknown): boolean => hasCode(error, 'store.unavailable', 'store.not-found');
  await assert.rejects(keys(store), gone);
  await assert.rejects(store.put('data/two', Buffer.from('x'), how), gone);
  await assert.rejects(store.read('data/one', undefined, how), gone);
  await assert.rejects(store.stat('data/one', how), gone);
  await assert.rejects(store.delete('data/one', how), gone);
  assert.deepEqual(await readdir(path), []);
});

test('a user without rights is told so, for reading and for writing', { skip }, async (context) => {
  const path = await mkdtemp(join(tmpdir(), 'surety-rights-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  await mkdir(join(path, 'data'), { mode: 0o700 });
  await chmod(path, 0o755);
  const store = await openLocalStore({ path });
  const codes = await asNobody(async () => [
    await codeOf(store.put('data/one', Buffer.from('x'), how)),
    await codeOf(store.read('data/one', undefined, how)),
    await codeOf(store.stat('data/one', how)),
    await codeOf(store.delete('data/one', how)),
    await codeOf(keys(store)),
  ]);
  assert.deepEqual(codes, Array(5).fill('store.denied'));
});

/** File access is checked against the effective user of each thread; libuv's threads follow the process here. */
async function asNobody<T>(call: () => Promise<T>): Promise<T> {
  const user = process.geteuid!();
  process.seteuid!(65_534);
  try {
    return await call();
  } finally {
    process.seteuid!(user);
  }
}

async function codeOf(outcome: Promise<unknown>): Promise<string> {
  try {
    await outcome;
    return 'no error';
  } catch (error) {
    return hasCode(error, 'store.denied', 'store.failed', 'store.not-found') ? error.code : String(error);
  }
}

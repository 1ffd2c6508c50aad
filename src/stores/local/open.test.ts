import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hasCode, type SuretyError } from '../../base/errors.ts';
import { collectBytes } from '../../base/streams.ts';
import type { Store } from '../store.ts';
import { ABANDONED_AFTER_MS, unfinishedName } from '../unfinished-name.ts';
import { openLocalStore } from './open.ts';

const how = { signal: new AbortController().signal };

async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'surety-local-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function keys(store: Store, prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix, how)) found.push(key);
  return found.sort();
}

function isError(code: string, text: RegExp) {
  return (error: unknown): error is SuretyError => {
    assert.ok(hasCode(error, code), String(error));
    assert.match(`${error.message} | ${error.hint}`, text);
    return true;
  };
}

test('a missing folder is never taken for an empty store', async (context) => {
  const path = join(await temporaryFolder(context), 'not-mounted');
  const store = await openLocalStore({ path });
  const missing = isError('store.not-found', /not-mounted does not exist \| .*mount/);
  await assert.rejects(store.put('config', Buffer.from('x'), how), missing);
  await assert.rejects(keys(store), missing);
  await assert.rejects(keys(store, 'data/'), missing);
  await assert.rejects(store.stat('config', how), missing);
  await assert.rejects(store.read('config', undefined, how), missing);
  await assert.rejects(store.delete('config', how), missing);
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('a folder that was exchanged while the store was open is noticed', async (context) => {
  const folder = await temporaryFolder(context);
  const path = join(folder, 'root');
  const store = await openLocalStore({ path, create: true });
  await store.put('data/ab/1', Buffer.from('x'), how);
  await rename(path, join(folder, 'moved'));
  await mkdir(path);
  const other = isError('store.unavailable', /not the one that was opened/);
  await assert.rejects(keys(store), other);
  await assert.rejects(store.put('data/ab/2', Buffer.from('x'), how), other);
  await assert.rejects(store.stat('data/ab/1', how), other);
  assert.deepEqual(await readdir(path), []);
});

test('a folder that is made is private, and so is what is in it', async (context) => {
  const path = join(await temporaryFolder(context), 'a', 'b');
  const store = await openLocalStore({ path, create: true });
  await store.put('data/ab/1', Buffer.from('x'), how);
  const modes = await Promise.all(
    ['', 'data/ab', 'data/ab/1'].map(async (name) => (await stat(join(path, name))).mode),
  );
  assert.deepEqual(
    modes.map((mode) => mode & 0o777),
    [0o700, 0o700, 0o400],
  );
});

test('unfinished files are not listed, and are removed when their process is gone', async (context) => {
  const path = await temporaryFolder(context);
  await mkdir(join(path, 'tmp'));
  const ended = spawnSync('true').pid;
  const mine = unfinishedName();
  const [place, , random] = mine.split('-');
  const names = {
    mine,
    dead: `${place}-${ended}-${random}`,
    foreignRecent: `000000000000-1-${random}`,
    foreignOld: `000000000000-2-${random}`,
    unknown: 'README',
  };
  for (const name of Object.values(names)) await writeFile(join(path, 'tmp', name), 'half');
  const old = new Date(Date.now() - ABANDONED_AFTER_MS - 60_000);
  await utimes(join(path, 'tmp', names.foreignOld), old, old);
  const store = await openLocalStore({ path });
  assert.deepEqual(await keys(store), []);
  assert.deepEqual((await readdir(join(path, 'tmp'))).sort(), [mine, names.foreignRecent, 'README'].sort());
});

test('a body being written is not to be seen before it is whole', async (context) => {
  const store = await openLocalStore({ path: await temporaryFolder(context) });
  async function* body() {
    yield Buffer.from('first');
    assert.deepEqual(await keys(store), []);
    assert.equal(await store.stat('a', how), undefined);
    yield Buffer.from('second');
  }
  await store.put('a', { open: body }, how);
  assert.equal(Buffer.from(await store.read('a', undefined, how)).toString(), 'firstsecond');
});

test('a failed body leaves no file behind', async (context) => {
  const path = await temporaryFolder(context);
  const store = await openLocalStore({ path });
  // A native error of the source must not be told as one of the store.
  const broken = Object.assign(new Error('source is gone'), { code: 'ENOSPC' });
  async function* body() {
    yield Buffer.from('first');
    throw broken;
  }
  await assert.rejects(store.put('a', { open: body }, how), (error) => error === broken);
  assert.deepEqual(await readdir(join(path, 'tmp')), []);
});

test('a large body is written from where it is, without blocking other work', async (context) => {
  const store = await openLocalStore({ path: await temporaryFolder(context) });
  const body = Buffer.alloc(24 << 20, 7);
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  await store.put('a', body, how);
  const bytes = await store.read('a', { offset: (24 << 20) - 3 }, how);
  clearInterval(ticking);
  assert.deepEqual(bytes, Uint8Array.of(7, 7, 7));
  assert.ok(turns > 0);
});

test('a file that was cut off fails as incomplete', async (context) => {
  const path = await temporaryFolder(context);
  const store = await openLocalStore({ path });
  await store.put('a', new Uint8Array(1000), how);
  await chmod(join(path, 'a'), 0o600);
  await truncate(join(path, 'a'), 600);
  const incomplete = isError('store.incomplete', /a ends at byte 600, before byte 1000/);
  await assert.rejects(store.read('a', { offset: 500, length: 500 }, how), incomplete);
  await assert.rejects(collectBytes(store.stream('a', { offset: 0, length: 1000 }, how)), incomplete);
});

test('a file that is cut off while it is streamed fails as incomplete', async (context) => {
  const path = await temporaryFolder(context);
  const store = await openLocalStore({ path });
  await writeFile(join(path, 'a'), new Uint8Array(1 << 20));
  const stream = store.stream('a', undefined, how)[Symbol.asyncIterator]();
  await stream.next();
  await truncate(join(path, 'a'), 400_000);
  await assert.rejects(stream.next(), isError('store.incomplete', /a ends at byte/));
});

test('a link that leads nowhere fails the list instead of hiding what it stood for', async (context) => {
  const path = await temporaryFolder(context);
  await symlink('/no/such/disk', join(path, 'data'));
  const store = await openLocalStore({ path });
  await assert.rejects(keys(store), isError('store.not-found', /can not list all files/));
  await assert.rejects(keys(store, 'data'), isError('store.not-found', /can not list data/));
});

test('files that can not be keys are not listed', async (context) => {
  const path = await temporaryFolder(context);
  await writeFile(join(path, 'with space'), '');
  await writeFile(join(path, 'key'), '');
  await mkdir(join(path, 'folder'));
  const store = await openLocalStore({ path });
  assert.deepEqual(await keys(store), ['key']);
  await assert.rejects(store.read('folder', undefined, how), isError('store.not-found', /there is no folder/));
});

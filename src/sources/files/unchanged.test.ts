import assert from 'node:assert/strict';
import {
  chmodSync,
  lchownSync,
  lstatSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { filesSource, heldOf, makeEntry, makeScratch, writeAll } from '../../../test/fixtures/files-source.ts';
import { isRoot } from '../../base/environment.ts';
import { setPathTimes, setXattr } from '../../base/posix.ts';
import type { WriteHow } from '../source.ts';

const NAMES = ['content', 'mode', 'owner', 'same', 'size', 'time', 'xattr'];
const FILES = NAMES.map((name) => makeEntry(name, 'file', name === 'xattr' ? { xattrs: [attribute('a')] } : {}));
const LINKS = ['to-other', 'to-same'].map((name) => makeEntry(name, 'symlink', { mode: 0o777, linkTarget: 'same' }));
const TIME = FILES[0]!.mtimeNs;

function attribute(value: string) {
  return { name: 'user.kind', value: Buffer.from(value) };
}

test('changed leaves alone what looks as in the snapshot, and replaces what differs in anything', async () => {
  using scratch = makeScratch();
  const at = (name: string) => join(scratch.path, name);
  const run = async (how: Partial<WriteHow>) =>
    await writeAll(filesSource({ paths: ['.'] }), heldOf([...FILES, ...LINKS]), { target: scratch.path, ...how });
  await run({});

  const everything = await run({ conflict: 'changed' });
  assert.deepEqual([everything.files, everything.others, everything.unchanged], [0, 0, 9]);

  // The same size and time: only reading it would tell.
  writeFileSync(at('content'), 'CONTENT');
  writeFileSync(at('size'), 'another size');
  for (const name of ['content', 'size']) setPathTimes(at(name), TIME);
  chmodSync(at('mode'), 0o600);
  utimesSync(at('time'), 1, 1);
  setXattr(at('xattr'), 'user.kind', Buffer.from('b'));
  setPathTimes(at('xattr'), TIME);
  if (isRoot()) lchownSync(at('owner'), 4711, 4711);
  rmSync(at('to-other'));
  symlinkSync('other', at('to-other'));
  setPathTimes(at('to-other'), TIME);
  const inode = lstatSync(at('same')).ino;

  const expected = ['mode', ...(isRoot() ? ['owner'] : []), 'size', 'time', 'xattr', 'to-other'];
  const planned = await run({ conflict: 'changed', dryRun: true });
  assert.deepEqual(
    planned.plan.map(({ action, path }) => `${action} ${path.slice(scratch.path.length + 1)}`),
    expected.map((name) => `overwrite ${name}`),
  );
  const report = await run({ conflict: 'changed' });
  assert.deepEqual([report.files + report.others, report.unchanged], [expected.length, 9 - expected.length]);
  assert.equal(report.unchanged, planned.unchanged);
  assert.equal(lstatSync(at('same')).ino, inode);
  assert.equal(readFileSync(at('size'), 'utf8'), 'size');
  assert.equal(readFileSync(at('content'), 'utf8'), 'CONTENT');

  const rewritten = await run({ conflict: 'overwrite' });
  assert.equal(rewritten.unchanged, 0);
  assert.equal(readFileSync(at('content'), 'utf8'), 'content');
});

test('names of one file are made anew, since one of them does not tell whether they belong together', async () => {
  using scratch = makeScratch();
  const twins = ['a', 'b'].map((name) => makeEntry(name, 'file', { links: 2, inode: 7n, handle: 'a', sizeBytes: 1 }));
  const held = { ...heldOf(twins), contents: new Map([['a', Buffer.from('a')]]) };
  const run = async (how: Partial<WriteHow>) =>
    await writeAll(filesSource({ paths: ['.'] }), held, { target: scratch.path, ...how });
  await run({});
  rmSync(join(scratch.path, 'b'));
  writeFileSync(join(scratch.path, 'b'), 'a');
  setPathTimes(join(scratch.path, 'b'), TIME);
  const report = await run({ conflict: 'changed' });
  assert.deepEqual([report.unchanged, report.failed], [0, []]);
  assert.equal(lstatSync(join(scratch.path, 'a')).ino, lstatSync(join(scratch.path, 'b')).ino);
});

test('a plan names a folder only when something about the folder itself would change', async () => {
  using scratch = makeScratch();
  const entries = [makeEntry('folder', 'dir', { mode: 0o755 }), makeEntry('folder/file', 'file')];
  const run = async (how: Partial<WriteHow>) =>
    await writeAll(filesSource({ paths: ['.'] }), heldOf(entries), { target: scratch.path, ...how });
  await run({});
  assert.deepEqual((await run({ conflict: 'changed', dryRun: true })).plan, []);
  chmodSync(join(scratch.path, 'folder'), 0o700);
  const { plan } = await run({ conflict: 'changed', dryRun: true });
  assert.deepEqual(plan, [{ path: join(scratch.path, 'folder'), action: 'overwrite' }]);
  assert.equal(lstatSync(join(scratch.path, 'folder')).mode & 0o777, 0o700);
});

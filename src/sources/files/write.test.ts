import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  asNobody,
  filesSource,
  heldOf,
  holdAll,
  makeEntry,
  makeScratch,
  withTmpfs,
  writeAll,
} from '../../../test/fixtures/files-source.ts';
import { isRoot } from '../../base/environment.ts';
import { getXattr } from '../../base/posix.ts';

const needsRoot = { skip: !isRoot() && 'needs root' };
const source = filesSource({ paths: ['t'] });

test('names of one file are one file again, also across batches', async () => {
  using scratch = makeScratch();
  const facts = { links: 3, inode: 9n, device: 1n, sizeBytes: 4 };
  const many = Array.from({ length: 16_390 }, (_, at) => makeEntry(`t/b${at}`, 'symlink', { linkTarget: 'x' }));
  const entries = [
    makeEntry('t/a', 'file', facts),
    ...many,
    makeEntry('t/c', 'file', facts),
    makeEntry('t/d', 'file', facts),
  ];
  const report = await writeAll(source, heldOf([makeEntry('t', 'dir'), ...entries]), { target: scratch.path });
  const inodes = ['a', 'c', 'd'].map((name) => statSync(join(scratch.path, 't', name)).ino);
  assert.equal(new Set(inodes).size, 1);
  assert.equal(statSync(join(scratch.path, 't/a')).nlink, 3);
  assert.deepEqual([report.files, report.others, report.dirs, report.failed], [3, 16_390, 1, []]);
});

test('files on different devices with the same number are different files', async () => {
  using scratch = makeScratch();
  const entries = [1n, 2n].map((device) => makeEntry(`t/${device}`, 'file', { links: 2, inode: 9n, device }));
  await writeAll(source, heldOf([makeEntry('t', 'dir'), ...entries]), { target: scratch.path });
  assert.deepEqual(
    [readFileSync(join(scratch.path, 't/1'), 'utf8'), readFileSync(join(scratch.path, 't/2'), 'utf8')],
    ['t/1', 't/2'],
  );
});

test('directories get their times and modes when all is in them', async () => {
  using scratch = makeScratch();
  const [mtimeNs, mode] = [1_234_567_890_123_456_789n, 0o2555];
  const entries = [
    makeEntry('t', 'dir', { mtimeNs }),
    makeEntry('t/d', 'dir', { mode, mtimeNs }),
    makeEntry('t/d/x', 'file'),
  ];
  await writeAll(source, heldOf(entries), { target: scratch.path });
  for (const path of ['t', 't/d']) assert.equal(statSync(join(scratch.path, path), { bigint: true }).mtimeNs, mtimeNs);
  assert.equal(statSync(join(scratch.path, 't/d')).mode & 0o7777, mode);
});

test('a snapshot without entries for its directories is restored', async () => {
  using scratch = makeScratch();
  await writeAll(source, heldOf([makeEntry('t/a/b/x', 'file'), makeEntry('t/a/c', 'file')]), { target: scratch.path });
  assert.equal(readFileSync(join(scratch.path, 't/a/b/x'), 'utf8'), 't/a/b/x');
  assert.ok(existsSync(join(scratch.path, 't/a/c')));
});

test('sockets are skipped with one note, and without a warning', async () => {
  using scratch = makeScratch();
  const report = await writeAll(
    source,
    heldOf([makeEntry('t', 'dir'), makeEntry('t/r', 'socket'), makeEntry('t/s', 'socket')]),
    {
      target: scratch.path,
    },
  );
  assert.deepEqual([report.warnings, report.skipped, report.failed], [[], 2, []]);
  assert.deepEqual(report.notes, [
    `2 sockets (the first: ${join(scratch.path, 't/r')}) are not restored: the program that listens on one makes it anew`,
  ]);
});

test('progress grows with the files', async () => {
  using scratch = makeScratch();
  const seen: number[][] = [];
  await writeAll(source, heldOf([makeEntry('t', 'dir'), makeEntry('t/a', 'file'), makeEntry('t/b', 'file')]), {
    target: scratch.path,
    progress: ({ files, sizeBytes }) => seen.push([files, sizeBytes]),
  });
  assert.deepEqual(seen, [
    [1, 3],
    [2, 6],
  ]);
});

test('a restore to the original place goes through the links that lead there, and leaves what is above as it is', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'disk/media'), { recursive: true });
  writeFileSync(join(scratch.path, 'disk/media/x'), 'x');
  symlinkSync('disk', join(scratch.path, 'srv'));
  const media = filesSource({ paths: [join(scratch.path, 'srv/media')] });
  const held = await holdAll(media);
  execFileSync('rm', [join(scratch.path, 'disk/media/x')]);
  chmodSync(join(scratch.path, 'disk'), 0o711);
  const report = await writeAll(media, held, { conflict: 'overwrite' });
  assert.deepEqual(report.failed, []);
  assert.equal(readFileSync(join(scratch.path, 'disk/media/x'), 'utf8'), 'x');
  assert.ok(lstatSync(join(scratch.path, 'srv')).isSymbolicLink());
  assert.equal(statSync(join(scratch.path, 'disk')).mode & 0o777, 0o711);
});

test('a root that is a link to a file is restored to where it points', async () => {
  using scratch = makeScratch();
  writeFileSync(join(scratch.path, 'real'), 'good');
  symlinkSync('real', join(scratch.path, 'link'));
  const linked = filesSource({ paths: ['link'] }, scratch.path);
  const held = await holdAll(linked);
  writeFileSync(join(scratch.path, 'real'), 'bad');
  await writeAll(linked, held, { conflict: 'overwrite' });
  assert.equal(readFileSync(join(scratch.path, 'real'), 'utf8'), 'good');
  assert.ok(lstatSync(join(scratch.path, 'link')).isSymbolicLink());
});

test('an entry that belongs to none of the paths goes nowhere by itself', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'abs'));
  const both = filesSource({ paths: [join(scratch.path, 'abs'), 'rel'] }, scratch.path);
  const report = await writeAll(
    both,
    heldOf([makeEntry('stranger', 'file'), makeEntry('rel', 'dir'), makeEntry('rel/x', 'file')]),
  );
  assert.deepEqual(
    report.failed.map(({ path }) => path),
    ['stranger'],
  );
  assert.ok(existsSync(join(scratch.path, 'rel/x')));
});

test('what a directory of the target hands down does not change what is restored', async () => {
  using scratch = makeScratch();
  const target = join(scratch.path, 'target');
  mkdirSync(target);
  execFileSync('setfacl', ['-d', '-m', 'u:1234:rwx', target]);
  const xattrs = [{ name: 'user.a', value: Buffer.from('b') }];
  const entries = [
    makeEntry('d', 'dir', { mode: 0o700 }),
    makeEntry('d/x', 'file', { mode: 0o640 }),
    makeEntry('y', 'file', { mode: 0o640, xattrs }),
  ];
  await writeAll(source, heldOf(entries), { target });
  for (const path of ['d', 'd/x', 'y']) {
    assert.equal(getXattr(join(target, path), 'system.posix_acl_access'), undefined, path);
    assert.equal(getXattr(join(target, path), 'system.posix_acl_default'), undefined, path);
  }
  assert.equal(statSync(join(target, 'y')).mode & 0o777, 0o640);
  assert.deepEqual(getXattr(join(target, 'y'), 'user.a'), Buffer.from('b'));
});

test('without root owners stay behind with one warning, and so do the rights of an owner', needsRoot, async () => {
  using scratch = makeScratch();
  const target = join(scratch.path, 'target');
  mkdirSync(target, { mode: 0o777 });
  for (const path of [scratch.path, target]) chmodSync(path, 0o777);
  const xattrs = [{ name: 'user.a', value: Buffer.from('b') }];
  const nobody = { uid: 65_534, gid: 65_534 };
  const entries = [
    makeEntry('t', 'dir', { mode: 0o555 }),
    makeEntry('t/own', 'file', { mode: 0o4444, xattrs, ...nobody }),
    makeEntry('t/theirs', 'file', { mode: 0o6755, uid: 0, gid: 0 }),
  ];
  const report = await asNobody(() => writeAll(source, heldOf(entries), { target }));
  assert.deepEqual(report.failed, []);
  assert.deepEqual(
    report.warnings.map(({ code, message }) => [code, message.split(':')[0]]),
    [['attribute.unwritable', 'owners are not restored']],
  );
  const modes = ['t', 't/own', 't/theirs'].map((path) => statSync(join(target, path)).mode & 0o7777);
  assert.deepEqual(modes, [0o555, 0o4444, 0o755]);
  assert.deepEqual(getXattr(join(target, 't/own'), 'user.a'), Buffer.from('b'));
});

test('whose the directories above what was backed up were is nothing a user is warned about', needsRoot, async () => {
  using scratch = makeScratch();
  chmodSync(scratch.path, 0o777);
  const nobody = { uid: 65_534, gid: 65_534 };
  const entries = [
    makeEntry('home', 'dir', { uid: 0, gid: 0 }),
    makeEntry('home/me', 'dir', nobody),
    makeEntry('home/me/file', 'file', nobody),
  ];
  const mine = filesSource({ paths: ['home/me'] });
  const report = await asNobody(() => writeAll(mine, heldOf(entries), { target: join(scratch.path, 'target') }));
  assert.deepEqual([report.files, report.warnings, report.failed], [1, [], []]);
});

test('an attribute that a user may not set is one warning, the file is restored', needsRoot, async () => {
  using scratch = makeScratch();
  chmodSync(scratch.path, 0o777);
  const xattrs = [{ name: 'trusted.a', value: Buffer.from('b') }];
  const nobody = { uid: 65_534, gid: 65_534, xattrs };
  const entries = ['x', 'y'].map((path) => makeEntry(path, 'file', nobody));
  const report = await asNobody(() => writeAll(source, heldOf(entries), { target: scratch.path }));
  assert.equal(report.files, 2);
  assert.deepEqual(
    report.warnings.map(({ code, path }) => [code, path]),
    [['attribute.unwritable', 'x']],
  );
});

test('a target that is a file or read-only is an error before anything is written', async (t) => {
  using scratch = makeScratch();
  writeFileSync(join(scratch.path, 'file'), '');
  const held = heldOf([makeEntry('t', 'dir'), makeEntry('t/x', 'file')]);
  await assert.rejects(writeAll(source, held, { target: join(scratch.path, 'file') }), {
    code: 'target.failed',
    message: /not a directory/,
  });
  await assert.rejects(writeAll(source, held, { target: join(scratch.path, 'file/below') }), { code: 'target.failed' });
  const mount = join(scratch.path, 'mount');
  const mounted = await withTmpfs(mount, 64, async () => {
    spawnSync('mount', ['-o', 'remount,ro', mount]);
    const readOnly = { code: 'target.denied', message: /read-only/ };
    await assert.rejects(writeAll(source, held, { target: mount }), readOnly);
    await assert.rejects(writeAll(source, held, { target: join(mount, 'below') }), readOnly);
    await assert.rejects(writeAll(filesSource({ paths: ['t'] }, mount), held), readOnly);
  });
  if (!mounted) t.diagnostic('can not mount');
});

test('a full target ends the restore, and no file is half there', async (t) => {
  using scratch = makeScratch();
  const mount = join(scratch.path, 'mount');
  const files = Array.from({ length: 20 }, (_, at) => makeEntry(`t/${at}`, 'file', { sizeBytes: 50_000 }));
  const held = {
    ...heldOf([makeEntry('t', 'dir'), ...files]),
    contents: new Map(files.map(({ path }) => [path, Buffer.alloc(50_000, 1)])),
  };
  const mounted = await withTmpfs(mount, 256, async () => {
    await assert.rejects(writeAll(source, held, { target: mount }), { code: 'target.full', message: /no space left/ });
    const sizes = readdirSync(join(mount, 't')).map((name) => statSync(join(mount, 't', name)).size);
    assert.ok(sizes.length > 0 && sizes.every((size) => size === 50_000), String(sizes));
  });
  if (!mounted) t.skip('can not mount');
});

test('a target that is a link to a directory is that directory', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'real'));
  symlinkSync('real', join(scratch.path, 'link'));
  await writeAll(source, heldOf([makeEntry('x', 'file')]), { target: join(scratch.path, 'link') });
  assert.equal(realpathSync(join(scratch.path, 'link/x')), join(scratch.path, 'real/x'));
});

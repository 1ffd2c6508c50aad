import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import {
  filesSource,
  heldOf,
  makeEntry,
  makeScratch,
  type Scratch,
  writeAll,
} from '../../../test/fixtures/files-source.ts';
import type { RestoredEntry, WriteHow } from '../source.ts';

/** Restores below `target` beside a directory `outside` that nobody may touch; returns the codes of what failed. */
async function attack(
  scratch: Scratch,
  entries: readonly RestoredEntry[],
  conflict: WriteHow['conflict'] = 'overwrite',
) {
  const [target, outside] = [join(scratch.path, 'target'), join(scratch.path, 'outside')];
  for (const path of [target, outside]) mkdirSync(path, { recursive: true });
  writeFileSync(join(outside, 'precious'), 'precious', { mode: 0o600 });
  const before = statSync(outside, { bigint: true });
  const report = await writeAll(filesSource({ paths: ['t'] }), heldOf(entries), { target, conflict });
  assert.deepEqual(readdirSync(outside), ['precious']);
  assert.equal(readFileSync(join(outside, 'precious'), 'utf8'), 'precious');
  assert.equal(lstatSync(join(outside, 'precious')).mode & 0o777, 0o600);
  assert.equal(lstatSync(join(outside, 'precious')).nlink, 1);
  const after = statSync(outside, { bigint: true });
  assert.deepEqual([after.mode, after.mtimeNs], [before.mode, before.mtimeNs]);
  assert.equal(report.warnings.length, report.failed.length);
  return report.failed.map(({ path, error }) => `${(error as { code?: string }).code} ${path}`);
}

test('names that lead elsewhere are refused, the rest is restored', async () => {
  using scratch = makeScratch();
  const paths = ['../outside/x', 't/../../outside/x', 't/.', 't//x', '/etc/x', '', 't/a\0b', '..'];
  const hostile = paths.flatMap((path) => [makeEntry(path, 'file'), makeEntry(path, 'dir')]);
  const failed = await attack(scratch, [makeEntry('t', 'dir'), ...hostile, makeEntry('t/z', 'file')]);
  assert.deepEqual(
    failed,
    hostile.map((entry) => `target.escapes ${entry.path}`),
  );
  assert.deepEqual(readdirSync(scratch.path).sort(), ['outside', 'target']);
  assert.ok(existsSync(join(scratch.path, 'target/t/z')));
});

test('a link that stands in the target is not followed', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'target/t'), { recursive: true });
  symlinkSync('../../outside', join(scratch.path, 'target/t/d'));
  const entries = [makeEntry('t', 'dir'), makeEntry('t/d', 'dir', { mode: 0o777 }), makeEntry('t/d/precious', 'file')];
  const further = [makeEntry('t/d/e', 'dir'), makeEntry('t/d/e/x', 'file'), makeEntry('t/z', 'file')];
  assert.deepEqual(await attack(scratch, [...entries, ...further]), ['target.escapes t/d']);
  assert.ok(lstatSync(join(scratch.path, 'target/t/d')).isSymbolicLink());
  assert.ok(existsSync(join(scratch.path, 'target/t/z')));
});

test('a link in the place of a file is replaced, not written through', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'target/t'), { recursive: true });
  const link = join(scratch.path, 'target/t/file');
  symlinkSync('../../outside/precious', link);
  assert.deepEqual(await attack(scratch, [makeEntry('t', 'dir'), makeEntry('t/file', 'file', { mode: 0o777 })]), []);
  assert.equal(readFileSync(link, 'utf8'), 't/file');
  assert.ok(lstatSync(link).isFile());
});

test('a link that the snapshot itself brings is not followed', async () => {
  const link = makeEntry('t/d', 'symlink', { linkTarget: '../../outside' });
  const inside = makeEntry('t/d/precious', 'file');
  for (const entries of [
    [link, inside],
    [link, makeEntry('t/d', 'dir'), inside],
    [makeEntry('t/d', 'dir'), inside, link, makeEntry('t/d/x', 'file')],
  ]) {
    using scratch = makeScratch();
    assert.notDeepEqual(
      await attack(scratch, [makeEntry('t', 'dir'), ...entries, makeEntry('t/z', 'file')], 'refuse'),
      [],
    );
    assert.ok(existsSync(join(scratch.path, 'target/t/z')));
  }
});

test('the same with more entries than one batch holds', async () => {
  using scratch = makeScratch();
  const many = Array.from({ length: 16_400 }, (_, at) =>
    makeEntry(`t/e${String(at).padStart(5, '0')}`, 'symlink', { linkTarget: 'x' }),
  );
  const link = makeEntry('t/d', 'symlink', { linkTarget: '../../outside' });
  const later = [makeEntry('t/d', 'dir'), makeEntry('t/d/precious', 'file'), makeEntry('t/z', 'file')];
  const linked = [
    makeEntry('t/d/one', 'file', { links: 2, inode: 5n }),
    makeEntry('t/two', 'file', { links: 2, inode: 5n }),
  ];
  const failed = await attack(scratch, [makeEntry('t', 'dir'), link, ...many, ...later, ...linked], 'refuse');
  assert.deepEqual(failed, ['target.escapes t/d', 'target.escapes t/d']);
  assert.ok(existsSync(join(scratch.path, 'target/t/z')));
});

test('another name of a file never leads to what was in its place before', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'target/t'), { recursive: true });
  writeFileSync(join(scratch.path, 'target/t/one'), 'old content');
  const facts = { links: 2, inode: 7n, sizeBytes: 5 };
  const entries = [makeEntry('t', 'dir'), makeEntry('t/one', 'file', facts), makeEntry('t/two', 'file', facts)];
  const held = heldOf(entries);
  const damaged = { ...held, contents: new Map([['t/two', Buffer.from('t/two')]]) };
  const report = await writeAll(filesSource({ paths: ['t'] }), damaged, {
    target: join(scratch.path, 'target'),
    conflict: 'overwrite',
  });
  assert.deepEqual(
    report.failed.map(({ path }) => path),
    ['t/one'],
  );
  assert.equal(readFileSync(join(scratch.path, 'target/t/one'), 'utf8'), 'old content');
  assert.equal(readFileSync(join(scratch.path, 'target/t/two'), 'utf8'), 't/two');
});

test('two entries of one name do not overwrite each other', async () => {
  using scratch = makeScratch();
  const twice = [
    makeEntry('t/x', 'file'),
    makeEntry('t/x', 'file', { mode: 0o777 }),
    makeEntry('t/x', 'symlink', { linkTarget: 'y' }),
  ];
  const failed = await attack(scratch, [makeEntry('t', 'dir'), ...twice], 'refuse');
  assert.deepEqual(failed, ['target.exists t/x', 'target.exists t/x']);
  assert.equal(lstatSync(join(scratch.path, 'target/t/x')).mode & 0o777, 0o644);
});

test("the repository's own file is not restored", async () => {
  using scratch = makeScratch();
  const entries = [
    makeEntry('.surety-snapshot.json', 'file'),
    makeEntry('t', 'dir'),
    makeEntry('t/.surety-snapshot.json', 'file'),
  ];
  assert.deepEqual(await attack(scratch, entries), []);
  assert.deepEqual(readdirSync(join(scratch.path, 'target')), ['t']);
  assert.deepEqual(readdirSync(join(scratch.path, 'target/t')), ['.surety-snapshot.json']);
});

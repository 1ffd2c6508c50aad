import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
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
import type { WriteHow } from '../source.ts';

const ENTRIES = [
  makeEntry('t', 'dir', { mode: 0o750 }),
  makeEntry('t/d', 'dir'),
  makeEntry('t/d/file', 'file'),
  makeEntry('t/link', 'symlink', { linkTarget: 'new' }),
  makeEntry('t/new', 'file'),
  makeEntry('t/old', 'file'),
];

/** A target in which some of it exists: `old` is older than in the snapshot, `file` newer. */
function prepare(scratch: Scratch): string {
  const target = join(scratch.path, 'target');
  mkdirSync(join(target, 't/d'), { recursive: true });
  chmodSync(join(target, 't'), 0o700);
  for (const [path, seconds] of [
    ['t/d/file', 1_800_000_000],
    ['t/old', 1_600_000_000],
  ] as const) {
    writeFileSync(join(target, path), 'existing');
    utimesSync(join(target, path), seconds, seconds);
  }
  symlinkSync('existing', join(target, 't/link'));
  return target;
}

async function restore(scratch: Scratch, how: Partial<WriteHow>) {
  const target = prepare(scratch);
  const source = filesSource({ paths: ['t'] }, target);
  const report = await writeAll(source, heldOf(ENTRIES), { target, ...how });
  assert.deepEqual([report.failed, report.warnings], [[], []]);
  const contents = ['t/d/file', 't/old', 't/new'].map((path) =>
    existsSync(join(target, path)) ? readFileSync(join(target, path), 'utf8') : undefined,
  );
  assert.deepEqual(
    readdirSync(join(target, 't')).filter((name) => name.startsWith('.')),
    [],
    'nothing temporary is left',
  );
  return {
    report,
    contents,
    link: readlinkSync(join(target, 't/link')),
    mode: lstatSync(join(target, 't')).mode & 0o777,
  };
}

test('skip leaves what exists as it is, its directories too', async () => {
  using scratch = makeScratch();
  const { report, contents, link, mode } = await restore(scratch, { conflict: 'skip' });
  assert.deepEqual([contents, link, mode], [['existing', 'existing', 't/new'], 'existing', 0o700]);
  assert.deepEqual([report.files, report.others, report.dirs, report.skipped], [1, 0, 0, 3]);
});

test('overwrite replaces everything', async () => {
  using scratch = makeScratch();
  const { report, contents, link, mode } = await restore(scratch, { conflict: 'overwrite' });
  assert.deepEqual([contents, link, mode], [['t/d/file', 't/old', 't/new'], 'new', 0o750]);
  assert.deepEqual([report.files, report.others, report.dirs, report.skipped], [3, 1, 2, 0]);
});

test('newer replaces what is older than in the snapshot', async () => {
  using scratch = makeScratch();
  const { report, contents } = await restore(scratch, { conflict: 'newer' });
  assert.deepEqual(contents, ['existing', 't/old', 't/new']);
  assert.equal(report.files, 2);
});

test('refuse takes no target that holds anything, and changes nothing', async () => {
  using scratch = makeScratch();
  await assert.rejects(restore(scratch, { conflict: 'refuse' }), { code: 'target.not-empty' });
  assert.ok(!existsSync(join(scratch.path, 'target/t/new')));
});

test('refuse stops before the first write when something exists in the original place', async () => {
  using scratch = makeScratch();
  const base = prepare(scratch);
  const source = filesSource({ paths: ['t'] }, base);
  await assert.rejects(
    writeAll(source, heldOf([...ENTRIES].slice(0, 2).concat(makeEntry('t/d/a', 'file'), ENTRIES[2]!))),
    {
      code: 'target.exists',
      message: `${base}/t/d/file exists`,
    },
  );
  assert.ok(!existsSync(join(base, 't/d/a')));
});

test('a dry run says what each policy would do', async () => {
  const expected = {
    skip: ['skip t/d/file', 'skip t/link', 'create t/new', 'skip t/old'],
    overwrite: [
      'overwrite t',
      'overwrite t/d',
      'overwrite t/d/file',
      'overwrite t/link',
      'create t/new',
      'overwrite t/old',
    ],
  };
  for (const conflict of ['skip', 'overwrite'] as const) {
    using scratch = makeScratch();
    const { report, contents } = await restore(scratch, { conflict, dryRun: true });
    const below = join(scratch.path, 'target').length + 1;
    assert.deepEqual(
      report.plan.map(({ action, path }) => `${action} ${path.slice(below)}`),
      expected[conflict],
    );
    assert.deepEqual(contents, ['existing', 'existing', undefined]);
  }
});

test('a dry run into a target that is missing does not make it', async () => {
  using scratch = makeScratch();
  const target = join(scratch.path, 'new/target');
  const report = await writeAll(filesSource({ paths: ['t'] }), heldOf(ENTRIES), { target, dryRun: true });
  assert.deepEqual([report.plan.length, report.files, report.dirs, report.others], [6, 3, 2, 1]);
  assert.equal(report.plan[2]?.path, join(target, 't/d/file'));
  assert.ok(!existsSync(join(scratch.path, 'new')));
});

test('an overwrite that fails leaves the old file and nothing temporary', async () => {
  using scratch = makeScratch();
  const target = prepare(scratch);
  const held = heldOf(ENTRIES);
  const damaged = { ...held, contents: new Map([...held.contents].filter(([path]) => path !== 't/old')) };
  const how = { target, conflict: 'overwrite' } as const;
  const report = await writeAll(filesSource({ paths: ['t'] }), damaged, how);
  assert.deepEqual(
    report.failed.map(({ path }) => path),
    ['t/old'],
  );
  assert.equal(readFileSync(join(target, 't/old'), 'utf8'), 'existing');
  assert.deepEqual(readdirSync(join(target, 't')).sort(), ['d', 'link', 'new', 'old']);
});

test('a directory is never replaced by a file, nor a file by a directory', async () => {
  using scratch = makeScratch();
  const target = join(scratch.path, 'target');
  mkdirSync(join(target, 't/new/kept'), { recursive: true });
  writeFileSync(join(target, 't/d'), 'a file');
  const report = await writeAll(filesSource({ paths: ['t'] }), heldOf(ENTRIES), { target, conflict: 'overwrite' });
  assert.deepEqual(
    report.failed.map(({ path, error }) => [path, (error as { code?: string }).code]),
    [
      ['t/d', 'target.exists'],
      ['t/new', 'target.exists'],
    ],
  );
  assert.equal(report.warnings.length, 2);
  assert.ok(existsSync(join(target, 't/new/kept')));
  assert.equal(readFileSync(join(target, 't/d'), 'utf8'), 'a file');
  assert.ok(existsSync(join(target, 't/old')), 'the rest is restored');
});

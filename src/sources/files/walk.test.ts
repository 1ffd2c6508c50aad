import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { asNobody, filesSource, makeScratch, readAll, withTmpfs } from '../../../test/fixtures/files-source.ts';
import { isRoot } from '../../base/environment.ts';
import { encodeName } from '../../base/names.ts';

const needsRoot = { skip: !isRoot() && 'needs root' };
const TAG = 'Signature: 8a477f597d28d172789f06886806bc55\n# a comment\n';

/** Makes files with these paths; a path with a slash at the end is a directory. */
function plant(root: string, ...paths: readonly string[]): void {
  const folders = new Set(paths.map((path) => (path.endsWith('/') ? join(root, path) : dirname(join(root, path)))));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  for (const path of paths) {
    if (!path.endsWith('/')) writeFileSync(encodeName(`${root}/${path}`), path);
  }
}

/** Paths of what a source has, relative to `root` as it is configured by the relative `paths`. */
async function paths(root: string, raw: Readonly<Record<string, unknown>> = {}): Promise<string[]> {
  const { entries, warnings } = await readAll(filesSource({ paths: ['t'], ...raw }, root));
  assert.deepEqual(warnings, []);
  return entries.map((entry) => entry.path);
}

test('names come in byte order, whatever they are made of', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 't/b', 't/a/z', 't/a.b', 't/\uffe6', 't/\u{1f40b}', 't/\udcff', 't/é', 't/\udce9', 't/new\nline');
  const order = [
    't',
    't/a',
    't/a/z',
    't/a.b',
    't/b',
    't/new\nline',
    't/é',
    't/\udce9',
    't/\uffe6',
    't/\u{1f40b}',
    't/\udcff',
  ];
  assert.deepEqual(await paths(scratch.path), order);
});

test('the directories above a root are there with their metadata', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 'a/b/c/file', 'a/other');
  chmodSync(join(scratch.path, 'a/b'), 0o750);
  const { entries } = await readAll(filesSource({ paths: [join(scratch.path, 'a/b/c')] }));
  const whole = `${scratch.path}/a/b/c/file`.slice(1).split('/');
  assert.deepEqual(
    entries.map((entry) => entry.path),
    whole.map((_, at) => whole.slice(0, at + 1).join('/')),
  );
  assert.equal(entries.at(-3)?.mode, 0o750);
});

test('a root may be a single file, or a link that leads to a directory', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 'real/file', 'single');
  symlinkSync('real', join(scratch.path, 'link'));
  symlinkSync('file', join(scratch.path, 'real/inner'));
  const { entries } = await readAll(filesSource({ paths: ['single', 'link'] }, scratch.path));
  assert.deepEqual(
    entries.map(({ path, type }) => `${type} ${path}`),
    ['dir link', 'file link/file', 'symlink link/inner', 'file single'],
  );
});

test('the configuration folder itself can be the root', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 'a/b', 'c', '.surety-snapshot.json', 'a/.surety-snapshot.json');
  assert.deepEqual(await paths(scratch.path, { paths: ['.'] }), ['a', 'a/.surety-snapshot.json', 'a/b', 'c']);
});

test('what is excluded is left out with all that is in it', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 't/keep', 't/x.saving', 't/lost+found/a', 't/d/lost+found/b', 't/cache/tmp/c', 't/cache/c');
  assert.deepEqual(await paths(scratch.path), [
    't',
    't/cache',
    't/cache/c',
    't/cache/tmp',
    't/cache/tmp/c',
    't/d',
    't/keep',
  ]);
  const exclude = ['cache/tmp', join(scratch.path, 't/d'), 'lost+*'];
  assert.deepEqual(await paths(scratch.path, { exclude }), ['t', 't/cache', 't/cache/c', 't/keep', 't/x.saving']);
});

test('what Surety makes for a while is left out, unless it is a root itself', async () => {
  using scratch = makeScratch();
  const copy = 't/.surety-sqlite-0011aabb-4711-00112233aabb';
  plant(scratch.path, 't/app.db', `${copy}/copy.db`, 't/app.db.surety-restore-4711-00112233', 't/.surety-00112233');
  assert.deepEqual(await paths(scratch.path), ['t', 't/app.db']);
  assert.deepEqual(await paths(scratch.path, { paths: [copy] }), ['t', copy, `${copy}/copy.db`]);
});

test('of a marked cache stay the directory and the mark', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 't/c/x', 't/c/d/y', 't/fake/CACHEDIR.TAG', 't/fake/x', 't/pipe/x');
  writeFileSync(join(scratch.path, 't/c/CACHEDIR.TAG'), TAG);
  execFileSync('mkfifo', [join(scratch.path, 't/pipe/CACHEDIR.TAG')]);
  const unmarked = ['t/fake', 't/fake/CACHEDIR.TAG', 't/fake/x', 't/pipe', 't/pipe/CACHEDIR.TAG', 't/pipe/x'];
  assert.deepEqual(await paths(scratch.path), ['t', 't/c', 't/c/CACHEDIR.TAG', ...unmarked]);
  const all = ['t', 't/c', 't/c/CACHEDIR.TAG', 't/c/d', 't/c/d/y', 't/c/x', ...unmarked];
  assert.deepEqual(await paths(scratch.path, { exclude_caches: false }), all);
  assert.deepEqual(await paths(scratch.path, { paths: ['t/c'] }), [
    't',
    't/c',
    't/c/CACHEDIR.TAG',
    't/c/d',
    't/c/d/y',
    't/c/x',
  ]);
});

test('files above the limit are left out, directories are not', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 't/small', 't/large', 't/d/');
  truncateSync(join(scratch.path, 't/large'), 1025);
  truncateSync(join(scratch.path, 't/small'), 1024);
  assert.deepEqual(await paths(scratch.path, { exclude_larger_than: '1KiB' }), ['t', 't/d', 't/small']);
});

test('roots in each other are read once, and one in an excluded directory is read', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 't/a/x', 't/skip/in/y', 't/skip/z', 't/c/deep/w', 't/c/v');
  writeFileSync(join(scratch.path, 't/c/CACHEDIR.TAG'), TAG);
  const roots = ['t/a', 't', 't', 't/skip/in', 't/c/deep'];
  const expected = [
    't',
    't/a',
    't/a/x',
    't/c',
    't/c/CACHEDIR.TAG',
    't/c/deep',
    't/c/deep/w',
    't/skip',
    't/skip/in',
    't/skip/in/y',
  ];
  assert.deepEqual(await paths(scratch.path, { paths: roots, exclude: ['skip'] }), expected);
});

test('other file systems are left out if so configured, except those that are roots themselves', async (t) => {
  using scratch = makeScratch();
  plant(scratch.path, 't/here', 't/mounted/', 't/named/');
  const [mounted, named] = [join(scratch.path, 't/mounted'), join(scratch.path, 't/named')];
  const inner = async () => {
    plant(scratch.path, 't/mounted/there', 't/named/wanted');
    const all = ['t', 't/here', 't/mounted', 't/mounted/there', 't/named', 't/named/wanted'];
    assert.deepEqual(await paths(scratch.path), all);
    const raw = { paths: ['t', 't/named'], one_file_system: true };
    assert.deepEqual(
      await paths(scratch.path, raw),
      all.filter((path) => path !== 't/mounted/there'),
    );
  };
  if (!(await withTmpfs(mounted, 64, () => withTmpfs(named, 64, inner)))) t.skip('can not mount');
});

test('what vanishes while it is read is a warning', async () => {
  using scratch = makeScratch();
  const many = Array.from({ length: 1100 }, (_, at) => `t/a/${at}`);
  plant(scratch.path, ...many, 't/y/inside', 't/z');
  const warnings: string[] = [];
  const signal = new AbortController().signal;
  await using reading = await filesSource({ paths: ['t'] }, scratch.path).read({
    signal,
    warn: (warning) => warnings.push(`${warning.code} ${warning.path}`),
  });
  let entries = 0;
  for await (const batch of reading.entries()) {
    entries += batch.length;
    for (const name of ['t/y', 't/z']) rmSync(join(scratch.path, name), { recursive: true, force: true });
  }
  assert.deepEqual(warnings, ['entry.vanished t/y', 'entry.vanished t/z']);
  assert.equal(entries, 1102);
  assert.equal((await reading.finish()).files, 1100);
});

test('a directory that can not be read is named and the rest is read', needsRoot, async () => {
  using scratch = makeScratch();
  plant(scratch.path, 't/closed/x', 't/half/y', 't/open');
  for (const [name, mode] of [
    ['', 0o755],
    ['t/closed', 0o700],
    ['t/half', 0o744],
  ] as const)
    chmodSync(join(scratch.path, name), mode);
  const { entries, warnings } = await asNobody(() => readAll(filesSource({ paths: ['t'] }, scratch.path)));
  assert.deepEqual(
    entries.map((entry) => entry.path),
    ['t', 't/closed', 't/half', 't/open'],
  );
  assert.deepEqual(warnings, [
    {
      code: 'entry.unreadable',
      path: 't/closed',
      message: `${scratch.path}/t/closed can not be read: permission denied`,
    },
    {
      code: 'entry.unreadable',
      path: 't/half/y',
      message: `${scratch.path}/t/half/y can not be read: permission denied`,
    },
  ]);
});

test('a tree 200 directories deep and a directory of 2100 files are walked', async () => {
  using scratch = makeScratch();
  const deep = `t/${'d/'.repeat(200)}leaf`;
  plant(scratch.path, deep, ...Array.from({ length: 2100 }, (_, at) => `t/wide/${at}`));
  const found = await paths(scratch.path);
  assert.equal(found.length, 1 + 200 + 1 + 1 + 2100);
  assert.ok(found.includes(deep));
});

test('an entry has what the file system says about it', async () => {
  using scratch = makeScratch();
  plant(scratch.path, 't/f');
  execFileSync('touch', ['-d', '2024-02-29 23:59:59.123456789 UTC', join(scratch.path, 't/f')]);
  chmodSync(join(scratch.path, 't/f'), 0o4750);
  const { entries } = await readAll(filesSource({ paths: ['t/f'] }, scratch.path));
  const { type, mode, mtimeNs, sizeBytes, links, user } = entries[1]!;
  assert.deepEqual([type, mode, mtimeNs, sizeBytes, links], ['file', 0o4750, 1_709_251_199_123_456_789n, 3, 1]);
  if (isRoot()) assert.equal(user, 'root');
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { asNobody, filesSource, makeScratch, readAll, withTmpfs } from '../../../test/fixtures/files-source.ts';
import { isRoot } from '../../base/environment.ts';
import { setXattr } from '../../base/posix.ts';
import type { SourceFacts, Warning } from '../source.ts';

const MODULE = new URL('../../../test/fixtures/files-source.ts', import.meta.url).href;

function previous(facts: Partial<SourceFacts> = {}): { readonly previous: SourceFacts } {
  return { previous: { kind: 'files', versions: {}, files: 7, sizeBytes: 7, ...facts } };
}

test('what is remembered says how much there was', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 't/empty'), { recursive: true });
  mkdirSync(join(scratch.path, 'u'));
  writeFileSync(join(scratch.path, 't/f'), '12345');
  const { facts } = await readAll(filesSource({ paths: ['t', 'u'] }, scratch.path));
  assert.deepEqual(facts, { kind: 'files', versions: {}, files: 1, sizeBytes: 5, mounts: [], emptyRoots: ['u'] });
});

test('roots are shown as configured', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'a/b'), { recursive: true });
  const how = { signal: new AbortController().signal, warn: () => {} };
  const source = filesSource({ paths: ['./a/', `${scratch.path}/a//b/`, 'a'] }, scratch.path);
  await assert.rejects(source.read({ ...how, previous: { ...previous().previous, mounts: ['a'] } }), {
    code: 'source.unmounted',
  });
  await using reading = await source.read(how);
  assert.deepEqual([reading.host, reading.paths], ['here', ['a', `${scratch.path}/a/b`]]);
});

test('a root that is missing, or a link to nothing, is an error that names it', async () => {
  using scratch = makeScratch();
  symlinkSync('nothing', join(scratch.path, 'dangling'));
  for (const name of ['gone', 'dangling'])
    await assert.rejects(readAll(filesSource({ paths: [name] }, scratch.path)), {
      code: 'source.missing',
      message: `${scratch.path}/${name} of source sample does not exist`,
    });
});

test('a root that can not be read is an error', { skip: !isRoot() && 'needs root' }, async () => {
  using scratch = makeScratch();
  chmodSync(scratch.path, 0o755);
  mkdirSync(join(scratch.path, 'closed/inner'), { recursive: true, mode: 0o700 });
  writeFileSync(join(scratch.path, 'file'), '', { mode: 0o600 });
  for (const name of ['closed', 'closed/inner', 'file']) {
    const source = filesSource({ paths: [name] }, scratch.path);
    await assert.rejects(
      asNobody(() => readAll(source)),
      { code: 'source.unreadable', message: /permission denied/ },
    );
  }
});

test('a root that was not empty before and is now is an error', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 't/lost+found'), { recursive: true });
  mkdirSync(join(scratch.path, 'u'));
  writeFileSync(join(scratch.path, 'u/f'), '');
  const source = filesSource({ paths: ['t', 'u'] }, scratch.path);
  await assert.rejects(readAll(source, previous()), { code: 'source.empty', message: /\/t of source sample is empty/ });
  await readAll(source, previous({ emptyRoots: ['t'] }));
  await readAll(source, previous({ files: 0 }));
  await readAll(source);
});

test('a tree in which only directories are left is empty', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 't/a/b'), { recursive: true });
  const source = filesSource({ paths: ['t'] }, scratch.path);
  await assert.rejects(readAll(source, previous({ emptyRoots: ['t'] })), {
    code: 'source.empty',
    message: 'source sample has nothing but directories now and had files before',
  });
  assert.equal((await readAll(source)).facts.files, 0);
});

test('a tree in which links are left is not empty', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 't/a'), { recursive: true });
  symlinkSync('nowhere', join(scratch.path, 't/a/link'));
  const { facts } = await readAll(filesSource({ paths: ['t'] }, scratch.path), previous());
  assert.equal(facts.files, 0);
});

test('a root that was mounted before has to be mounted', async (t) => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'disk');
  const source = filesSource({ paths: ['disk'] }, scratch.path);
  let facts: SourceFacts | undefined;
  const mounted = await withTmpfs(root, 64, async () => {
    writeFileSync(join(root, 'f'), 'x');
    facts = (await readAll(source)).facts;
    await readAll(filesSource({ paths: [root], require_mount: true }));
    symlinkSync('disk', join(scratch.path, 'link'));
    assert.deepEqual((await readAll(filesSource({ paths: ['link'] }, scratch.path))).facts.mounts, ['link']);
  });
  if (!mounted) return t.skip('can not mount');
  assert.deepEqual(facts?.mounts, ['disk']);
  writeFileSync(join(root, 'written while it was not mounted'), 'x');
  await assert.rejects(readAll(source, { previous: facts }), {
    code: 'source.unmounted',
    message: `${root} of source sample is not mounted`,
  });
  await readAll(source);
});

test('a root that has to be a mount point and is not is an error from the first run', async () => {
  using scratch = makeScratch();
  writeFileSync(join(scratch.path, 'f'), '');
  const source = filesSource({ paths: [scratch.path], require_mount: true });
  await assert.rejects(readAll(source), { code: 'source.unmounted' });
  await readAll(filesSource({ paths: ['/proc/version'] }));
});

test('a root that goes away while it is read fails the reading', async (t) => {
  using scratch = makeScratch();
  const root = join(scratch.path, 't');
  mkdirSync(root);
  writeFileSync(join(root, 'f'), '');
  const how = { signal: new AbortController().signal, warn: () => {} };
  await using reading = await filesSource({ paths: ['t'] }, scratch.path).read(how);
  for await (const _batch of reading.entries());
  renameSync(root, `${root}.old`);
  await assert.rejects(reading.finish(), { code: 'source.missing' });
  const covered = await withTmpfs(root, 64, () => assert.rejects(reading.finish(), { code: 'source.unmounted' }));
  if (!covered) t.diagnostic('can not mount');
});

test('attributes are read in the order of the entries, also from names that are not UTF-8', async () => {
  using scratch = makeScratch();
  const odd = `${scratch.path}/t/\udce9`;
  mkdirSync(join(scratch.path, 't'));
  execFileSync('sh', ['-c', 'touch "$1/$(printf "\\351")" "$1/plain"', 'sh', join(scratch.path, 't')]);
  setXattr(odd, 'user.b', Buffer.from('2'));
  setXattr(odd, 'user.a', Buffer.from('1'));
  const how = { signal: new AbortController().signal, warn: (warning: Warning) => assert.fail(warning.message) };
  await using reading = await filesSource({ paths: ['t'] }, scratch.path).read(how);
  const entries = [];
  for await (const batch of reading.entries()) entries.push(...batch);
  rmSync(join(scratch.path, 't/plain'));
  assert.deepEqual(await reading.xattrs(entries), [
    [],
    [],
    [
      { name: 'user.a', value: Buffer.from('1') },
      { name: 'user.b', value: Buffer.from('2') },
    ],
  ]);
  const files = entries.filter((entry) => entry.type === 'file');
  const contents = [];
  for await (const content of reading.content(files, how)) contents.push(content);
  assert.deepEqual(contents, [
    { kind: 'path', path: join(scratch.path, 't/plain') },
    { kind: 'path', path: odd },
  ]);
});

test('a root that is a link has the content and attributes of what it leads to', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'real'));
  writeFileSync(join(scratch.path, 'real/f'), 'x');
  for (const path of ['real', 'real/f']) setXattr(join(scratch.path, path), 'user.a', Buffer.from(path));
  symlinkSync('real', join(scratch.path, 'd'));
  symlinkSync('real/f', join(scratch.path, 'f'));
  const how = { signal: new AbortController().signal, warn: (warning: Warning) => assert.fail(warning.message) };
  await using reading = await filesSource({ paths: ['d', 'f'] }, scratch.path).read(how);
  const entries = [];
  for await (const batch of reading.entries()) entries.push(...batch);
  const xattrs = await reading.xattrs(entries);
  assert.deepEqual(
    xattrs.map((found) => found.map(({ value }) => String(value))),
    [['real'], ['real/f'], ['real/f']],
  );
  const contents = [];
  for await (const content of reading.content(entries.slice(1), how)) contents.push(content);
  assert.deepEqual(contents, [
    { kind: 'path', path: join(scratch.path, 'd/f') },
    { kind: 'path', path: join(scratch.path, 'real/f') },
  ]);
});

test('that attributes can not be read on this machine is said once', () => {
  using scratch = makeScratch();
  for (const name of ['a', 'b', 'c']) writeFileSync(join(scratch.path, name), '');
  const code = `
    import { filesSource } from ${JSON.stringify(MODULE)};
    const warnings = [];
    const how = { signal: new AbortController().signal, warn: (warning) => warnings.push(warning.code) };
    const reading = await filesSource({ paths: [${JSON.stringify(scratch.path)}] }).read(how);
    for await (const batch of reading.entries()) reading.xattrs(batch);
    console.log(JSON.stringify([warnings, (await reading.finish()).files]));`;
  const flags = ['--no-addons', '--input-type=module', '-e', code];
  const output = execFileSync(process.execPath, flags, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.deepEqual(JSON.parse(output), [['attribute.unreadable'], 3]);
});

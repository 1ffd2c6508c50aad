import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { changedReach, farSource, reachWithPath } from '../../../../test/fixtures/far-files.ts';
import {
  heldOf,
  holdAll,
  makeEntry,
  makeScratch,
  readAll,
  withTmpfs,
  writeAll,
} from '../../../../test/fixtures/files-source.ts';
import { locate } from '../../../../test/fixtures/programs.ts';
import { collectBytes } from '../../../base/streams.ts';
import { encodeTarHeader } from '../../../base/tar/encode-header.ts';
import type { TarEntry } from '../../../base/tar/tar-entry.ts';
import { openLocal } from '../../../reach/local.ts';
import type { Reach } from '../../../reach/reach.ts';
import { hold } from '../../held.ts';
import type { Entry, SourceFacts, Warning } from '../../source.ts';

const never = new AbortController().signal;
const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' };
/** This machine as a host on which an ordinary user reads and writes. */
function asOther(): Reach {
  const local = openLocal();
  const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  return { ...local, exec: (argv, how) => local.exec([...user, ...argv], how) };
}

const isTar = (argv: readonly string[]): boolean => argv[0] === 'tar';

/** Reads the entries of a tree, lets something happen, then takes the rest. */
async function readAround(source: ReturnType<typeof farSource>, act: () => void, withAttributes = false) {
  const warnings: Warning[] = [];
  await using reading = await source.read({ signal: never, warn: (warning) => warnings.push(warning) });
  const entries: Entry[] = [];
  for await (const batch of reading.entries()) entries.push(...batch);
  act();
  const files = entries.filter(({ type }) => type === 'file');
  if (withAttributes) await reading.xattrs(entries);
  const contents: (string | undefined)[] = [];
  for await (const content of reading.content(files, { signal: never })) {
    const bytes = content.kind === 'stream' ? await collectBytes(content.chunks) : undefined;
    contents.push(bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1'));
  }
  const facts = await reading.finish();
  return { contents, facts, warnings: warnings.map(({ code, path }) => `${code} ${path}`) };
}

function plantFiles(folder: string, ...names: string[]): void {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), name);
}

test('a root that is missing, forbidden, not mounted or empty is the same failure as here', async () => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'root');
  const read = (raw: object = {}, previous?: SourceFacts) =>
    readAll(farSource({ paths: [root], ...raw }), previous === undefined ? {} : { previous });
  await assert.rejects(read(), { code: 'source.missing', message: new RegExp(`${root}.* on its host`) });
  symlinkSync('nowhere', root);
  await assert.rejects(read(), { code: 'source.missing' });
  rmSync(root);
  mkdirSync(root);
  await assert.rejects(read({ require_mount: true }), { code: 'source.unmounted' });
  const before: SourceFacts = { kind: 'files', versions: {}, files: 3, sizeBytes: 3, mounts: [root] };
  await assert.rejects(read({}, before), { code: 'source.unmounted' });
  await assert.rejects(read({}, { ...before, mounts: [] }), { code: 'source.empty' });
  assert.deepEqual((await read()).facts.emptyRoots, [root]);
  mkdirSync(join(root, 'only'));
  await assert.rejects(read({}, { ...before, mounts: [], emptyRoots: [] }), { code: 'source.empty' });
});

test('a folder in which another disk was mounted and is not any more is a failure', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), 'a');
  mkdirSync(join(scratch.path, 'tree/disk'));
  const previous: SourceFacts = { kind: 'files', versions: {}, files: 2, sizeBytes: 2, nestedMounts: ['tree/disk'] };
  const read = () => readAll(farSource({ paths: ['tree'] }, { folder: scratch.path }), { previous });
  await assert.rejects(read(), { code: 'source.unmounted', message: /tree\/disk/ });
  writeFileSync(join(scratch.path, 'tree/disk/own'), '');
  assert.equal((await read()).facts.files, 2);
});

test('what may not be read is named, and nothing else is lost for it', needsRoot, async () => {
  using scratch = makeScratch();
  chmodSync(scratch.path, 0o755);
  plantFiles(join(scratch.path, 'tree'), 'a', 'shut');
  plantFiles(join(scratch.path, 'tree/closed'), 'inner');
  plantFiles(join(scratch.path, 'tree/new\nline'), 'inner');
  for (const name of ['tree/shut', 'tree/closed', 'tree/new\nline']) chmodSync(join(scratch.path, name), 0);
  const there = { folder: scratch.path, reach: asOther() };
  const { contents, warnings } = await readAround(farSource({ paths: ['tree'] }, there), () => {});
  assert.deepEqual(contents, ['a', undefined]);
  assert.deepEqual(warnings.sort(), [
    'entry.unreadable tree/closed',
    'entry.unreadable tree/new\nline',
    'entry.unreadable tree/shut',
  ]);
  await assert.rejects(readAll(farSource({ paths: ['tree/closed'] }, there)), {
    code: 'source.unreadable',
    message: /permission denied/,
  });
  // What is left out is not missed either.
  const without = farSource({ paths: ['tree'], exclude: ['tree/[cn]*', 'shut'] }, there);
  assert.deepEqual((await readAll(without)).warnings, []);
});

test('what vanishes or changes after it was listed is a warning', async () => {
  using scratch = makeScratch();
  const at = (name: string) => join(scratch.path, 'tree', name);
  plantFiles(join(scratch.path, 'tree'), 'gone', 'kept', 'longer', 'now a link', 'other time');
  const source = farSource({ paths: ['tree'] }, { folder: scratch.path });
  const { contents, warnings } = await readAround(source, () => {
    rmSync(at('gone'));
    appendFileSync(at('longer'), ' than it was');
    rmSync(at('now a link'));
    symlinkSync('/etc/passwd', at('now a link'));
    utimesSync(at('other time'), 1, 1);
  });
  assert.deepEqual(contents, [undefined, 'kept', 'longer than it was', undefined, 'other time']);
  assert.deepEqual(warnings.sort(), [
    'entry.changed tree/longer',
    'entry.changed tree/now a link',
    'entry.changed tree/other time',
    'entry.vanished tree/gone',
  ]);
});

test('a directory in which others came or went meanwhile is no warning', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), 'a', 'b');
  const programs = join(scratch.path, 'programs');
  mkdirSync(programs);
  const words = `for it in tree tree/b; do echo "tar: ${scratch.path}/$it: file changed as we read it" >&2; done`;
  writeFileSync(join(programs, 'tar'), `#!/bin/sh\n${locate('tar')} "$@"; ${words}; exit 1\n`, { mode: 0o755 });
  const reach = reachWithPath(`${programs}:${process.env.PATH}`);
  const { contents, warnings } = await readAround(
    farSource({ paths: [join(scratch.path, 'tree')] }, { reach }),
    () => {},
    true,
  );
  assert.deepEqual(contents, ['a', 'b']);
  assert.deepEqual(warnings, [`entry.changed ${scratch.path.slice(1)}/tree/b`]);
});

test('a root that is gone when its files are read is a failure, not a smaller tree', needsRoot, async () => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'disk');
  await withTmpfs(root, 1024, async () => {
    plantFiles(root, 'a', 'b');
    const unmount = () => execFileSync('umount', ['-l', root]);
    await assert.rejects(readAround(farSource({ paths: [root] }), unmount), { code: 'source.unmounted' });
  });
});

test('a listing that breaks off is a failure', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), ...Array.from({ length: 50 }, (_, at) => `file ${at}`));
  for (const share of [0.1, 0.5, 0.9, 0.999]) {
    const reach = changedReach(async function* (_, output) {
      const bytes = await collectBytes(output);
      yield bytes.subarray(0, Math.floor(bytes.length * share));
    });
    await assert.rejects(readAll(farSource({ paths: ['tree'] }, { folder: scratch.path, reach })), {
      code: 'source.failed',
      message: /broke off/,
    });
  }
});

test('a program that ends before it has listed all is a failure, and so are names that are none', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), 'a', 'b');
  const changes: readonly (readonly [RegExp, string])[] = [
    [/<0\0\0>q0/, '<137\0\0>q0'],
    [/<0\0\0>q0/, '<1\0find: fts_read: Cannot allocate memory\0>q0'],
    [/ a\0/, ' ..\0'],
    [/ a\0/, ' a/b\0'],
  ];
  for (const [from, to] of changes) {
    const reach = changedReach(async function* (_, output) {
      const text = Buffer.from(await collectBytes(output)).toString('latin1');
      assert.match(text, from);
      yield Buffer.from(text.replace(from, to), 'latin1');
    });
    await assert.rejects(readAll(farSource({ paths: ['tree'] }, { folder: scratch.path, reach })), {
      code: 'source.failed',
    });
  }
});

test('a stream of files that breaks off is a failure', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), 'a', 'b', 'c');
  for (const kept of [0, 700, 1300, 2048, 3072]) {
    const reach = changedReach((argv, output) => (isTar(argv) ? cut(output, kept) : output));
    await assert.rejects(holdAll(farSource({ paths: ['tree'] }, { folder: scratch.path, reach })), {
      code: 'source.failed',
      message: /could not be read from host/,
    });
  }
});

async function* cut(output: AsyncIterable<Uint8Array>, kept: number): AsyncGenerator<Uint8Array> {
  yield (await collectBytes(output)).subarray(0, kept);
}

const MEMBER: TarEntry = {
  ...{ name: './tree/a', type: 'file', mode: 0o644, uid: 0, gid: 0, user: '', group: '', mtimeNs: 0n },
  ...{ sizeBytes: 1, xattrs: [] },
};

test('a host that sends what was not asked for is not believed', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), 'a', 'b');
  const sent: Partial<TarEntry>[] = [
    { name: './tree/c' },
    { name: '../../etc/passwd' },
    { name: '/etc/passwd' },
    { name: './tree/b/../a' },
  ];
  for (const member of sent) {
    const reach = changedReach(async function* (argv, output) {
      const bytes = await collectBytes(output);
      yield isTar(argv)
        ? Buffer.concat([encodeTarHeader({ ...MEMBER, ...member }), Buffer.alloc(512, 'x'), Buffer.alloc(1024)])
        : bytes;
    });
    await assert.rejects(holdAll(farSource({ paths: ['tree'] }, { folder: scratch.path, reach })), {
      code: 'source.failed',
      message: /not asked for/,
    });
  }
});

test('a file that became shorter while it was sent is a warning', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), 'a');
  const file = join(scratch.path, 'tree/a');
  writeFileSync(file, Buffer.alloc(8 * 1024 * 1024, 'x'));
  const reach = changedReach(async function* (argv, output) {
    for await (const chunk of output) {
      if (isTar(argv)) truncateSync(file, 4096);
      yield chunk;
    }
  });
  const { warnings } = await readAround(farSource({ paths: ['tree'] }, { folder: scratch.path, reach }), () => {});
  assert.deepEqual(warnings, ['entry.changed tree/a']);
});

test('paths that mean nothing on another host are refused', () => {
  for (const path of ['~/data', '../data', 'data/../..']) {
    assert.throws(() => farSource({ paths: [path] }), { code: 'source.failed', message: /not clear on another host/ });
  }
});

test('links that lead to a root are followed, roots within roots are listed once', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'real/inner'), 'a');
  symlinkSync('real', join(scratch.path, 'link'));
  symlinkSync('inner/a', join(scratch.path, 'real/file'));
  const raw = { paths: ['link', 'link/inner', 'link/file'], exclude: ['inner'] };
  const { entries, contents } = await holdAll(farSource(raw, { folder: scratch.path }));
  const kinds = entries.map(({ path, type }) => `${type} ${path}`);
  assert.deepEqual(kinds, ['dir link', 'file link/file', 'dir link/inner', 'file link/inner/a']);
  assert.equal(Buffer.from(contents.get('link/file')!).toString(), 'a');
});

test('nothing is sent to a host before all conflicts are decided', async () => {
  using scratch = makeScratch();
  const at = (name: string) => join(scratch.path, 'tree', name);
  plantFiles(join(scratch.path, 'tree'), 'a', 'b', 'c');
  const source = farSource({ paths: ['tree'] }, { folder: scratch.path });
  const held = await holdAll(source);
  rmSync(at('a'));
  writeFileSync(at('b'), 'other');
  await assert.rejects(writeAll(source, held), { code: 'target.exists' });
  assert.ok(!existsSync(at('a')));
  const dry = await writeAll(source, held, { conflict: 'skip', dryRun: true });
  assert.deepEqual(
    dry.plan.map(({ path, action }) => `${action} ${path}`),
    [`create ${at('a')}`, `skip ${at('b')}`, `skip ${at('c')}`],
  );
  assert.ok(!existsSync(at('a')));
  const skipped = await writeAll(source, held, { conflict: 'skip' });
  assert.deepEqual([skipped.files, skipped.skipped, readFileSync(at('b'), 'utf8')], [1, 2, 'other']);
  const changed = await writeAll(source, held, { conflict: 'changed' });
  assert.deepEqual([changed.files, changed.unchanged, readFileSync(at('b'), 'utf8')], [1, 2, 'b']);
  const seen: number[] = [];
  await writeAll(source, held, { conflict: 'overwrite', progress: ({ files }) => seen.push(files) });
  assert.ok(seen.length >= 3);
});

test('a restore never goes where a link on the host leads', async () => {
  using scratch = makeScratch();
  mkdirSync(join(scratch.path, 'tree'));
  mkdirSync(join(scratch.path, 'elsewhere'));
  symlinkSync('../elsewhere', join(scratch.path, 'tree/sub'));
  symlinkSync('../elsewhere/made', join(scratch.path, 'tree/file'));
  const source = farSource({ paths: ['tree'] }, { folder: scratch.path });
  const held = heldOf([
    makeEntry('tree', 'dir'),
    makeEntry('tree/../elsewhere/up', 'file'),
    makeEntry('tree/file', 'file'),
    makeEntry('tree/sub', 'dir'),
    makeEntry('tree/sub/inner', 'file'),
  ]);
  const report = await writeAll(source, held, { conflict: 'overwrite' });
  assert.deepEqual(
    report.failed.map(({ path, error }) => `${(error as { code?: string }).code} ${path}`),
    ['target.escapes tree/../elsewhere/up', 'target.escapes tree/sub'],
  );
  assert.equal(readFileSync(join(scratch.path, 'tree/file'), 'utf8'), 'tree/file');
  for (const name of ['made', 'inner', 'up']) assert.ok(!existsSync(join(scratch.path, 'elsewhere', name)), name);
});

test('what is damaged is left out of a restore, half of a file never stays, and what was there does', async () => {
  using scratch = makeScratch();
  const large = makeEntry('tree/large', 'file', { sizeBytes: 9 * 1024 * 1024 });
  const small = makeEntry('tree/small', 'file', { sizeBytes: 9 });
  const entries = [
    makeEntry('tree', 'dir', { mode: 0o750 }),
    makeEntry('tree/a', 'file'),
    large,
    small,
    makeEntry('tree/z', 'file'),
  ];
  const held = { ...heldOf(entries), contents: new Map(heldOf(entries).contents) };
  held.contents.set('tree/large', new Uint8Array(6 * 1024 * 1024));
  held.contents.delete('tree/small');
  const report = await writeAll(farSource({ paths: ['tree'] }, { folder: scratch.path }), held);
  assert.deepEqual(report.failed.map(({ path }) => path).sort(), ['tree/large', 'tree/small']);
  assert.equal(report.files, 2);
  assert.ok(!existsSync(join(scratch.path, 'tree/large')));
  assert.equal(readFileSync(join(scratch.path, 'tree/z'), 'utf8'), 'tree/z');
  for (const name of ['large', 'small']) writeFileSync(join(scratch.path, 'tree', name), 'of before');
  const again = await writeAll(farSource({ paths: ['tree'] }, { folder: scratch.path }), held, {
    conflict: 'overwrite',
  });
  assert.deepEqual(again.failed.map(({ path }) => path).sort(), ['tree/large', 'tree/small']);
  for (const name of ['large', 'small'])
    assert.equal(readFileSync(join(scratch.path, 'tree', name), 'utf8'), 'of before');
});

test('a full disk there ends the restore and names the file', needsRoot, async () => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'disk');
  await withTmpfs(root, 512, async () => {
    const large = makeEntry(`${root.slice(1)}/large`, 'file', { sizeBytes: 2 * 1024 * 1024 });
    const held = heldOf([large]);
    const contents = new Map([[large.path, new Uint8Array(2 * 1024 * 1024)]]);
    await assert.rejects(writeAll(farSource({ paths: [root] }), { ...held, contents }), {
      code: 'target.full',
      message: /no space left on host \S+ while restoring \/.*disk\/large/,
    });
  });
});

test(
  'without root there, owners stay behind with one warning, and what may not be written is named',
  needsRoot,
  async () => {
    using scratch = makeScratch();
    chmodSync(scratch.path, 0o755);
    mkdirSync(join(scratch.path, 'tree'));
    plantFiles(join(scratch.path, 'tree/shut'));
    chownSync(join(scratch.path, 'tree'), 65_534, 65_534);
    const facts = { uid: 0, gid: 0 };
    const held = heldOf([
      makeEntry('tree/a', 'file', { ...facts, mode: 0o6755 }),
      makeEntry('tree/b', 'file', facts),
      makeEntry('tree/shut/inner', 'file', facts),
    ]);
    const report = await writeAll(farSource({ paths: ['tree'] }, { folder: scratch.path, reach: asOther() }), held);
    assert.deepEqual(
      report.failed.map(({ path, error }) => `${(error as { code?: string }).code} ${path}`),
      ['target.denied tree/shut/inner'],
    );
    assert.deepEqual(report.warnings.filter(({ code }) => code === 'attribute.unwritable').length, 1);
    assert.equal(report.files, 2);
  },
);

test(
  'what could not be replaced is not taken for what was to replace it, though it has its size and time',
  needsRoot,
  async () => {
    using scratch = makeScratch();
    const at = (name: string) => join(scratch.path, 'tree', name);
    plantFiles(join(scratch.path, 'tree'), 'a', 'b');
    const source = farSource({ paths: ['tree'] }, { folder: scratch.path });
    const held = await holdAll(source);
    const { mtime } = statSync(at('b'));
    for (const name of ['a', 'b']) writeFileSync(at(name), 'x');
    utimesSync(at('b'), mtime, mtime);
    // A file on which another is mounted can not be taken away.
    execFileSync('mount', ['--bind', at('b'), at('b')]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', at('b')]);
      const report = await writeAll(source, held, { conflict: 'overwrite' });
      assert.deepEqual(
        report.failed.map(({ path }) => path),
        ['tree/b'],
      );
      assert.deepEqual([report.files, readFileSync(at('a'), 'utf8'), readFileSync(at('b'), 'utf8')], [1, 'a', 'x']);
    } finally {
      execFileSync('umount', [at('b')]);
    }
  },
);

test('everything that was read comes below a target of this machine', async () => {
  using scratch = makeScratch();
  plantFiles(join(scratch.path, 'tree'), 'a');
  const source = farSource({ paths: ['tree'] }, { folder: scratch.path });
  await using reading = await source.read({ signal: never, warn: () => {} });
  const held = await hold(reading, { signal: never });
  assert.equal(reading.tree?.locate('tree/a'), join(scratch.path, 'tree/a'));
  await writeAll(source, held, { target: join(scratch.path, 'target') });
  assert.equal(readFileSync(join(scratch.path, 'target/tree/a'), 'utf8'), 'a');
});

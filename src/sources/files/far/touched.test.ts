import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { noise } from '../../../../test/fixtures/content.ts';
import { busyboxPrograms, changedReach, farSource, reachWithPath } from '../../../../test/fixtures/far-files.ts';
import { makeScratch, type Scratch } from '../../../../test/fixtures/files-source.ts';
import { locate, skipWithout } from '../../../../test/fixtures/programs.ts';
import { encodeName } from '../../../base/names.ts';
import { makeFifo, setXattr } from '../../../base/posix.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { ContentPiece, Entry, Reading, TouchedFile } from '../../source.ts';

const never = new AbortController().signal;
const ODD_NAMES = [
  'new\nline',
  '\n',
  'back\\slash',
  '\\0101',
  '-n',
  "'",
  '"',
  ' ',
  '%b',
  '$(x)',
  'not \udce9 text',
  'é',
];
const PIECES = [1, 700_001, 524_288, 65_537];
const LARGE = noise(
  3,
  PIECES.reduce((sum, size) => sum + size),
);

/** A folder in which nothing is but programs of these names, found as this machine finds them. */
function hostWith(scratch: Scratch, names: readonly string[]): Reach {
  const path = join(scratch.path, `bin ${names.join(' ')}`);
  mkdirSync(path);
  const usual = ['sh', 'tar', 'find', 'stat', 'xargs', 'cut', 'id', 'head', 'dd', 'env'];
  for (const name of [...usual, ...names]) symlinkSync(programAt(name), join(path, name));
  return reachWithPath(path);
}

/** What is behind a shim, which would not run with few programs around it. */
function programAt(name: string): string {
  if (name !== 'python3') return locate(name) ?? `/nowhere/${name}`;
  return execFileSync(name, ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
}

function pieces(content: Uint8Array, ...sizes: readonly number[]): ContentPiece[] {
  let from = 0;
  return sizes.map((sizeBytes) => {
    const bytes = content.subarray(from, from + sizeBytes);
    from += sizeBytes;
    return { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes };
  });
}

function known(entry: Entry, ...sizes: readonly number[]): TouchedFile {
  const content = readFileSync(encodeName(`/${entry.path}`));
  const all = sizes.length > 0 ? sizes : content.length > 0 ? [content.length] : [];
  return { entry, pieces: pieces(content, ...all) };
}

interface Read {
  readonly reading: Reading;
  readonly files: ReadonlyMap<string, Entry>;
}

async function read(root: string, reach: Reach | undefined, act: (read: Read) => Promise<void>): Promise<string[]> {
  const there = reach === undefined ? {} : { reach };
  const source = farSource({ paths: [root], exclude: [], compare_touched: true }, there);
  await using reading = await source.read({ signal: never, warn: () => {} });
  const files = new Map<string, Entry>();
  for await (const batch of reading.entries())
    for (const entry of batch)
      if (entry.type === 'file') files.set(entry.path.slice(entry.path.lastIndexOf('/') + 1), entry);
  await act({ reading, files });
  return [...((await reading.finish()).notes ?? [])];
}

function plantTree(root: string): void {
  mkdirSync(root);
  for (const [at, name] of ODD_NAMES.entries()) writeFileSync(encodeName(`${root}/${name}`), `content ${at}`);
  for (const name of ['a', 'b', 'same size']) writeFileSync(join(root, name), `file ${name}`.padEnd(20));
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'large'), LARGE);
}

/** The same with another last hash. */
function changed(file: TouchedFile): TouchedFile {
  const last = file.pieces.at(-1);
  if (last === undefined) return file;
  const sha256 = `${last.sha256.slice(0, 63)}${last.sha256.endsWith('0') ? 1 : 0}`;
  return { ...file, pieces: [...file.pieces.slice(0, -1), { ...last, sha256 }] };
}

/** Has files compared; the names of those that are equal. */
async function equalOf({ reading }: Read, touched: readonly TouchedFile[]): Promise<string[]> {
  const found = await reading.compare!(touched, { signal: never });
  return touched.flatMap(({ entry: { path } }, at) =>
    found[at] === undefined ? [] : [path.slice(path.lastIndexOf('/') + 1)],
  );
}

const HOSTS: readonly (readonly [title: string, programs: readonly string[], skip: string | false])[] = [
  ['python3', ['python3'], false],
  ['sha256sum and perl', ['sha256sum', 'perl'], false],
  ['shasum and getfattr', ['shasum', 'perl', 'getfattr'], skipWithout('getfattr')],
  ['openssl and getfattr', ['openssl', 'getfattr'], skipWithout('openssl', 'getfattr')],
];

for (const [title, names, skip] of HOSTS) {
  test(`a host with ${title} tells which files have the content and the attributes they had, whatever their names`, {
    skip,
  }, async () => {
    using scratch = makeScratch();
    const root = join(scratch.path, 'tree');
    plantTree(root);
    const attributes = [
      { name: 'user.empty', value: Buffer.alloc(0) },
      { name: 'user.eq=ual', value: Buffer.from('a\n\0b') },
    ];
    for (const { name, value } of attributes) setXattr(`${root}/new\nline`, name, value);
    await read(root, hostWith(scratch, names), async (there) => {
      const files = [...there.files.values()];
      const touched = files.map((entry) => known(entry, ...(entry.path.endsWith('large') ? PIECES : [])));
      assert.deepEqual(await equalOf(there, touched), [...there.files.keys()]);
      assert.deepEqual(await equalOf(there, touched.map(changed)), ['empty']);
      const found = await there.reading.compare!(touched, { signal: never });
      const own = files.map(({ path }, at) => ({ path, xattrs: found[at]! })).filter(({ xattrs }) => xattrs.length > 0);
      assert.deepEqual(own, [{ path: `${root}/new\nline`.slice(1), xattrs: attributes }]);
    });
  });
}

test('where there is only busybox, contents are compared', { skip: skipWithout('busybox') }, async () => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'tree');
  plantTree(root);
  await read(root, reachWithPath(busyboxPrograms(scratch.path)), async (there) => {
    const files = [...there.files.values()];
    const touched = files.map((entry) => known(entry, ...(entry.path.endsWith('large') ? PIECES : [])));
    assert.deepEqual(await equalOf(there, touched), [...there.files.keys()]);
    assert.deepEqual(await equalOf(there, touched.map(changed)), ['empty']);
  });
});

test('what changes, vanishes or is no file any more between listing, hashing and the look after it is not equal', async () => {
  for (const names of [['python3'], ['sha256sum', 'perl']]) {
    using scratch = makeScratch();
    const root = join(scratch.path, 'tree');
    mkdirSync(root);
    const at = (name: string) => join(root, name);
    const all = ['before', 'gone', 'kept', 'link', 'meanwhile', 'mode', 'shut', 'time'];
    for (const name of all) writeFileSync(at(name), `file ${name}`);
    writeFileSync(join(scratch.path, 'same'), 'file link');
    // Between the last hash and the look at what is there.
    const afterHashing = () => {
      const { atime, mtime } = statSync(at('meanwhile'));
      writeFileSync(at('meanwhile'), 'FILE meanwhile');
      utimesSync(at('meanwhile'), atime, mtime);
      chmodSync(at('mode'), 0o600);
      utimesSync(at('time'), 1, 1);
    };
    const host = hostWith(scratch, names);
    const reach = changedReach(async function* (argv, output) {
      yield* output;
      if (/listxattr|syscall/.test(argv.join(' '))) afterHashing();
    }, host);
    await read(root, reach, async (there) => {
      const touched = [...there.files.values()].map((entry) => known(entry));
      writeFileSync(at('before'), 'FILE before');
      rmSync(at('gone'));
      rmSync(at('link'));
      symlinkSync('../same', at('link'));
      rmSync(at('shut'));
      makeFifo(at('shut'), 0o600);
      assert.deepEqual(await equalOf(there, touched), ['kept'], names.join());
    });
  }
});

test('a host that has nothing to compare with says so, and is asked for the files', async () => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'tree');
  plantTree(root);
  const lacking: readonly (readonly [programs: readonly string[], words: RegExp])[] = [
    [['getfattr'], /nothing that hashes it: sha256sum/],
    [['sha256sum'], /nothing that tells extended attributes alone: python3/],
  ];
  for (const [names, words] of lacking) {
    const notes = await read(root, hostWith(scratch, names), async ({ reading }) => {
      assert.equal(reading.compare, undefined);
    });
    assert.match(notes.join(), words);
  }
});

test('a program that does not end well has told nothing', async () => {
  using scratch = makeScratch();
  const root = join(scratch.path, 'tree');
  plantTree(root);
  const host = hostWith(scratch, ['python3']);
  const broken = (match: RegExp) =>
    changedReach(async function* (argv, output) {
      for await (const chunk of output) yield match.test(argv.join(' ')) ? chunk.subarray(0, chunk.length - 1) : chunk;
    }, host);
  for (const [match, words] of [
    [/hashlib/, /nothing that hashes it/],
    [/listxattr/, /nothing that tells extended attributes/],
  ] as const) {
    const notes = await read(root, broken(match), async (there) => {
      const touched = ['a', 'b', 'large'].map((name) => known(there.files.get(name)!));
      assert.deepEqual(await equalOf(there, touched), []);
    });
    assert.match(notes.join(), words);
  }
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { filesSource, makeScratch, type Scratch } from '../../../test/fixtures/files-source.ts';
import { FOREVER, makeResticRepository, withStore } from '../../../test/fixtures/restic-repository.ts';
import { randomBytes } from '../../base/ids.ts';
import { collectBytes } from '../../base/streams.ts';
import type { Content, Entry, Reading, Warning } from '../../sources/source.ts';
import { withFaults } from '../../stores/faulty.ts';
import type { BackupHow, BackupResult } from '../engine.ts';
import { backup } from './backup.ts';
import { type ChunkShape, createChunker, FILE_CHUNKS, gearTable, streamChunks } from './chunker.ts';
import { entries } from './entries.ts';
import type { Repository } from './repository.ts';
import { restore } from './restore.ts';
import { sha256Hex } from './sha256.ts';
import { listSnapshots } from './snapshots.ts';
import { verify } from './verify.ts';

const MIB = 2 ** 20;
let scratch: Scratch;
let repository: Repository;
let warnings: Warning[];
/** Names of the files whose content the engine asked for. */
let asked: string[];

beforeEach(async () => {
  scratch = makeScratch();
  repository = await makeResticRepository({ packSizeBytes: 4 * MIB, workers: 2 });
  warnings = [];
  asked = [];
});
afterEach(() => scratch[Symbol.dispose]());

const path = (name: string): string => join(scratch.path, name);
const put = (name: string, content: string | Uint8Array): void => writeFileSync(path(name), content);
const nameOf = (entry: Entry): string => entry.path.slice(entry.path.lastIndexOf('/') + 1);

/** A reading that tells what is asked for, and in which something happens between the walk and the reading of content. */
function watched(reading: Reading, meanwhile: () => void, replace?: (content: Content) => Content): Reading {
  return {
    ...{ host: reading.host, paths: reading.paths },
    entries: () => reading.entries(),
    xattrs: (batch) => reading.xattrs(batch),
    finish: () => reading.finish(),
    *content(files, how) {
      asked.push(...files.map(nameOf));
      meanwhile();
      for (const content of reading.content(files, how) as Iterable<Content>) yield replace?.(content) ?? content;
    },
    [Symbol.asyncDispose]: () => reading[Symbol.asyncDispose](),
  };
}

interface Run {
  readonly meanwhile?: () => void;
  readonly replace?: (content: Content) => Content;
  readonly into?: Repository;
  readonly how?: Partial<BackupHow>;
}

async function run({ meanwhile = () => {}, replace, into = repository, how }: Run = {}): Promise<BackupResult> {
  // Nothing above the folder is an entry: others may be at work there.
  const source = filesSource({ paths: ['.'] }, scratch.path);
  const warn = (warning: Warning): void => void warnings.push(warning);
  await using reading = await source.read({ ...FOREVER, warn });
  return await backup(into, watched(reading, meanwhile, replace), {
    ...{ ...FOREVER, warn, kind: 'files', source: 'sample', tags: [], recoveryPoint: 'point', excludes: [] },
    startedAt: new Date(),
    ...how,
  });
}

async function contentsOf(result: BackupResult): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  await using restoring = await restore(repository, result.snapshot, FOREVER);
  for await (const batch of restoring.entries()) {
    for (const entry of batch) {
      if (entry.type !== 'file') continue;
      contents[nameOf(entry)] = sha256Hex(await collectBytes(restoring.stream(entry, FOREVER)));
    }
  }
  return contents;
}

async function entryOf(result: BackupResult, name: string): Promise<Entry | undefined> {
  for await (const batch of entries(repository, result.snapshot, FOREVER)) {
    for (const entry of batch) if (nameOf(entry) === name) return entry;
  }
  return undefined;
}

const codes = (): string[] => warnings.map(({ code }) => code).sort();

describe('a backup', () => {
  test('asks only for the content of what is new or changed, and an unchanged run stores a snapshot and nothing else', async () => {
    for (const name of ['a', 'b', 'c']) put(name, name);
    mkdirSync(path('folder'));
    put('folder/d', 'd');
    await run();
    assert.deepEqual(asked.splice(0).sort(), ['a', 'b', 'c', 'd']);
    const second = await run();
    assert.deepEqual(asked, []);
    assert.equal(second.stats.filesUnmodified, 4);
    assert.deepEqual([second.stats.dataBlobs, second.stats.treeBlobs, second.stats.storedBytes], [0, 0, 0]);
    put('b', 'B');
    put('folder/e', 'e');
    rmSync(path('c'));
    const third = await run();
    assert.deepEqual(asked.sort(), ['b', 'e']);
    assert.deepEqual([third.stats.filesNew, third.stats.filesChanged, third.stats.filesUnmodified], [1, 1, 2]);
    const expected = { a: sha256Hex(Buffer.from('a')), b: sha256Hex(Buffer.from('B')) };
    assert.deepEqual(await contentsOf(third).then(({ a, b }) => ({ a, b })), expected);
  });

  test('reads every file again when it is told to', async () => {
    put('a', 'a');
    await run();
    await run({ how: { force: true } });
    assert.deepEqual(asked, ['a', 'a']);
  });

  test('notices a file of the same size whose time was set back', async () => {
    put('a', 'one');
    utimesSync(path('a'), 1000, 1000);
    await run();
    put('a', 'two');
    utimesSync(path('a'), 1000, 1000);
    const second = await run();
    assert.equal((await contentsOf(second)).a, sha256Hex(Buffer.from('two')));
  });

  test('names files that vanish, or become something else, and stores the others', async () => {
    for (const name of ['gone', 'link', 'pipe', 'folder', 'stays']) put(name, name);
    const result = await run({
      meanwhile: () => {
        for (const name of ['gone', 'link', 'pipe', 'folder']) rmSync(path(name));
        symlinkSync('/etc/passwd', path('link'));
        execFileSync('mkfifo', [path('pipe')]);
        mkdirSync(path('folder'));
      },
    });
    assert.deepEqual(Object.keys(await contentsOf(result)), ['stays']);
    assert.equal(warnings.length, 4);
    assert.ok(codes().includes('entry.vanished'));
    assert.deepEqual(warnings.map((warning) => warning.path.split('/').at(-1)).sort(), [
      'folder',
      'gone',
      'link',
      'pipe',
    ]);
  });

  test('stores a file that changed since the walk with the times of what it read, without a warning', async () => {
    put('a', 'seen by the walk');
    const result = await run({
      meanwhile: () => {
        put('a', 'longer than what the walk has seen');
        utimesSync(path('a'), 5000, 5000);
      },
    });
    assert.equal((await contentsOf(result)).a, sha256Hex(Buffer.from('longer than what the walk has seen')));
    assert.equal((await entryOf(result, 'a'))?.mtimeNs, 5_000_000_000_000n);
    assert.deepEqual(warnings, []);
  });

  test('reads a file whole that has become large since the walk', async () => {
    put('a', 'small');
    const result = await run({ meanwhile: () => truncateSync(path('a'), 40 * MIB) });
    const expected = Buffer.concat([Buffer.from('small'), Buffer.alloc(40 * MIB - 5)]);
    assert.equal((await contentsOf(result)).a, sha256Hex(expected));
    assert.equal((await entryOf(result, 'a'))?.sizeBytes, 40 * MIB);
  });

  test('warns of a large file that grows while it is read', async () => {
    put('a', randomBytes(20 * MIB));
    let grown = false;
    const growing: Run['replace'] = (content) => {
      if (!grown) setTimeout(() => appendFileSync(path('a'), randomBytes(20 * MIB)), 5);
      grown = true;
      return content;
    };
    const result = await run({ replace: growing });
    const { a } = await contentsOf(result);
    const sizeBytes = (await entryOf(result, 'a'))!.sizeBytes;
    assert.ok(a !== undefined && sizeBytes >= 20 * MIB);
    assert.deepEqual((await verify(repository, { ...FOREVER, depth: 'data' })).problems, []);
  });

  test('cuts a large file, and a stream in smaller chunks, as one pass over all of it would', async () => {
    const bytes = randomBytes(50 * MIB);
    put('a', bytes);
    const first = await run();
    const chunker = createChunker(
      gearTable(Buffer.concat([repository.masterKey.encrypt, Buffer.from(repository.config.id, 'hex')])),
      50 * MIB,
    );
    chunker.buffer.set(bytes);
    const idsInShape = (shape: ChunkShape): string[] => {
      const ids: string[] = [];
      for (let from = 0; from < bytes.length; ) {
        const to = chunker.cut(from, bytes.length, shape);
        ids.push(sha256Hex(chunker.buffer.subarray(from, to)));
        from = to;
      }
      return ids;
    };
    const storedIds = async ({ snapshot }: BackupResult): Promise<unknown> => {
      for await (const batch of entries(repository, snapshot, FOREVER)) {
        for (const entry of batch) if (nameOf(entry) === 'a') return entry.handle;
      }
    };
    assert.deepEqual(await storedIds(first), idsInShape(FILE_CHUNKS));
    async function* pieces(): AsyncIterable<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 777_777) yield bytes.subarray(at, at + 777_777);
    }
    const streamed = await run({ replace: () => ({ kind: 'stream', chunks: pieces() }), how: { force: true } });
    assert.deepEqual(await storedIds(streamed), idsInShape(streamChunks(0)));
    assert.equal((await contentsOf(streamed)).a, sha256Hex(bytes));
    const again = await run({ replace: () => ({ kind: 'stream', chunks: pieces() }), how: { force: true } });
    assert.equal(again.stats.dataBlobs, 0);
  });

  test('goes on from the packs of a run that never wrote an index', async () => {
    for (let file = 0; file < 30; file++) put(`file ${file}`, randomBytes(MIB));
    const broken = withStore(repository, (store) =>
      withFaults(store, {
        faults: [{ calls: ['put'], prefix: 'index/', action: { kind: 'fail', when: 'before', code: 'store.full' } }],
      }),
    );
    await assert.rejects(run({ into: broken }));
    assert.equal((await listSnapshots(repository, FOREVER)).snapshots.length, 0);
    const result = await run();
    assert.equal(result.stats.dataBlobs <= 1, true, `${result.stats.dataBlobs} blobs were stored again`);
    assert.deepEqual((await verify(repository, { ...FOREVER, depth: 'data' })).problems, []);
    assert.equal(Object.keys(await contentsOf(result)).length, 30);
  });

  test('makes no snapshot when another program removed what it relied on, and the next one does', async () => {
    put('a', 'a');
    await run();
    const prunedByForce = async (): Promise<void> => {
      for (const { id } of await repository.files('index', FOREVER)) await repository.deleteFile('index', id, FOREVER);
    };
    put('b', 'b');
    const reading: Run['replace'] = (content) => ({
      kind: 'stream',
      chunks: (async function* () {
        await prunedByForce();
        yield Buffer.from(content.kind);
      })(),
    });
    await assert.rejects(run({ replace: reading }), { code: 'repository.lock-lost' });
    assert.equal((await listSnapshots(repository, FOREVER)).snapshots.length, 1);
    const result = await run();
    assert.deepEqual(Object.keys(await contentsOf(result)).sort(), ['a', 'b']);
    const how = { ...FOREVER, depth: 'data', snapshots: [result.snapshot.id] } as const;
    assert.deepEqual((await verify(repository, how)).problems, []);
  });

  test('reads everything again when the index of the parent is lost', async () => {
    put('a', 'a');
    put('b', 'b');
    await run();
    for (const { id } of await repository.files('index', FOREVER)) await repository.deleteFile('index', id, FOREVER);
    for (const { id } of await repository.files('data', FOREVER)) await repository.deleteFile('data', id, FOREVER);
    const result = await run();
    assert.deepEqual(asked, ['a', 'b', 'a', 'b']);
    assert.deepEqual(Object.keys(await contentsOf(result)).sort(), ['a', 'b']);
  });

  test('names packs that are missing, and stores what they held again', async () => {
    for (let file = 0; file < 12; file++) put(`file ${file}`, randomBytes(MIB));
    await run();
    const [lost] = await repository.files('data', FOREVER);
    await repository.deleteFile('data', lost!.id, FOREVER);
    const second = await run();
    assert.deepEqual(
      warnings.splice(0).map(({ code, path: key }) => [code, key]),
      [['pack.missing', `data/${lost!.id.slice(0, 2)}/${lost!.id}`]],
    );
    assert.equal(Object.keys(await contentsOf(second)).length, 12);
  });

  test('keeps a huge directory cheap and whole', async () => {
    for (let file = 0; file < 9000; file++) put(`a file with a rather long name, number ${file}`, '');
    const first = await run();
    assert.equal(first.stats.filesNew, 9000);
    const second = await run();
    assert.deepEqual([second.stats.filesUnmodified, second.stats.treeBlobs], [9000, 0]);
    put('a new one', 'x');
    const third = await run();
    assert.deepEqual([third.stats.filesUnmodified, third.stats.filesNew], [9000, 1]);
    assert.equal(Object.keys(await contentsOf(third)).length, 9001);
  });

  test('ends when it is aborted, and leaves no snapshot and no lock', async () => {
    for (let file = 0; file < 50; file++) put(`file ${file}`, randomBytes(MIB));
    const abort = new AbortController();
    const meanwhile = (): void => void setTimeout(() => abort.abort(new Error('stop')), 20);
    await assert.rejects(run({ meanwhile, how: { signal: abort.signal } }), /stop/);
    assert.equal((await listSnapshots(repository, FOREVER)).snapshots.length, 0);
    assert.deepEqual(await repository.files('locks', FOREVER), []);
  });
});

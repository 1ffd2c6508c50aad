import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { addSnapshot, FOREVER, makeResticRepository, withStore } from '../../../test/fixtures/restic-repository.ts';
import type { Store } from '../../stores/store.ts';
import { withCache } from '../../stores/wrap/cache.ts';
import { openCacheFolder } from '../../stores/wrap/cache-folder.ts';
import { entries } from './entries.ts';
import type { Repository } from './repository.ts';
import { listSnapshots } from './snapshots.ts';
import { verify } from './verify.ts';

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'surety-cached-')), 'cache');
});
afterEach(async () => {
  await rm(join(path, '..'), { recursive: true });
});

/** The repository behind a cache, as a new process opens it, and the keys that are read of its store. */
async function open(repository: Repository): Promise<{ cached: Repository; reads: string[] }> {
  const reads: string[] = [];
  const watch = (store: Store): Store => ({
    ...store,
    read(key, range, how) {
      reads.push(key);
      return store.read(key, range, how);
    },
  });
  const folder = await openCacheFolder({ path, name: repository.config.id, sizeBytes: 1 << 24 });
  return { cached: withStore(repository, (store) => withCache(watch(store), folder)), reads };
}

/** All that reading needs but the content of files. */
async function look(repository: Repository): Promise<string[]> {
  const { snapshots } = await listSnapshots(repository, { ...FOREVER, kept: 'use' });
  const paths: string[] = [];
  for (const snapshot of snapshots) {
    for await (const batch of entries(repository, snapshot, FOREVER)) paths.push(...batch.map((entry) => entry.path));
  }
  return paths;
}

async function makeSample(): Promise<Repository> {
  const repository = await makeResticRepository();
  for (const round of ['a', 'b']) {
    await addSnapshot(repository, {
      'one/file': `content ${round}`,
      'two/three/file': 'the same',
      [`four/${round}`]: 'x',
    });
  }
  return repository;
}

async function cacheFiles(): Promise<string[]> {
  const all = await readdir(path, { recursive: true, withFileTypes: true });
  return all
    .filter((file) => file.isFile() && file.name !== 'CACHEDIR.TAG')
    .map((file) => join(file.parentPath, file.name));
}

test('the next process reads index, snapshots and trees of this machine', async () => {
  const repository = await makeSample();
  const first = await open(repository);
  const paths = await look(first.cached);
  assert.ok(first.reads.length > 4 && paths.length > 6);
  const next = await open(repository);
  assert.deepEqual(await look(next.cached), paths);
  assert.deepEqual(next.reads, []);
});

test('a verification reads the store, and finds what is damaged there', async () => {
  const repository = await makeSample();
  const { cached } = await open(repository);
  await look(cached);
  for (const kind of ['index', 'snapshots', 'data'] as const) {
    const damaged = await makeDamaged(repository, kind);
    const next = await open(damaged);
    assert.ok((await look(next.cached)).length > 0, 'what is kept is still good');
    const { problems } = await verify(next.cached, { ...FOREVER, depth: 'data' });
    assert.ok(problems.length > 0, `${kind}: nothing was found`);
  }
});

test('bad files of the cache are read anew, and are no damage of the repository', async () => {
  const repository = await makeSample();
  const paths = await look((await open(repository)).cached);
  const files = await cacheFiles();
  assert.ok(files.length > 4);
  for (const file of files) {
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
  }
  const next = await open(repository);
  assert.deepEqual(await look(next.cached), paths);
  assert.ok(next.reads.length > 0);
  const healed = await open(repository);
  assert.deepEqual(await look(healed.cached), paths);
  assert.deepEqual(healed.reads, []);
});

/** The same repository, in whose store one file of the kind has another bit. */
async function makeDamaged(repository: Repository, kind: 'index' | 'snapshots' | 'data'): Promise<Repository> {
  const [file] = await repository.files(kind, FOREVER);
  const victim = kind === 'data' ? `data/${file!.id.slice(0, 2)}/${file!.id}` : `${kind}/${file!.id}`;
  return withStore(repository, (store) => ({
    ...store,
    async read(key, range, how) {
      const bytes = await store.read(key, range, how);
      if (key === victim && bytes.length > 0) bytes[bytes.length >> 1]! ^= 1;
      return bytes;
    },
  }));
}

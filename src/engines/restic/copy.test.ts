import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addSnapshot,
  FOREVER,
  makeResticRepository,
  readEverything,
  withStore,
} from '../../../test/fixtures/restic-repository.ts';
import { hasCode } from '../../base/errors.ts';
import { randomBytes } from '../../base/ids.ts';
import type { Warning } from '../../sources/source.ts';
import { withFaults } from '../../stores/faulty.ts';
import type { CopyResult, Engine } from '../engine.ts';
import { copyFrom } from './copy.ts';
import { newConfig } from './format/config.ts';
import { decodeSnapshot } from './format/snapshot.ts';
import { takeLock } from './locks.ts';
import { prune } from './prune.ts';
import type { Repository } from './repository.ts';
import { listSnapshots } from './snapshots.ts';
import { verify } from './verify.ts';

const HOW = { ...FOREVER, warn: (_: Warning) => {} };

/** As another engine sees it. */
function engineOf(repository: Repository): Engine {
  return { traits: { kind: 'restic' }, inner: repository } as unknown as Engine;
}

/** Copies all snapshots, oldest first. */
async function copyAll(from: Repository, to: Repository): Promise<CopyResult[]> {
  await using copying = (await copyFrom(to, engineOf(from), HOW))!;
  const results: CopyResult[] = [];
  for (const snapshot of (await listSnapshots(from, FOREVER)).snapshots)
    results.push((await copying.copy(snapshot, {}))!);
  return results;
}

/** Contents by path, whatever the ids of the snapshots are. */
async function contents(repository: Repository): Promise<string[]> {
  return [...(await readEverything(repository))].map(([path, text]) => path.replace(/^[0-9a-f]{64}/, '') + text).sort();
}

async function sizeOf(repository: Repository): Promise<number> {
  return (await repository.files('data', FOREVER)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

async function whole(repository: Repository): Promise<void> {
  const report = await verify(repository, { ...FOREVER, depth: 'data' });
  assert.deepEqual(report.problems, []);
}

const TEXT = 'much of the same, and much of the same again; '.repeat(2000);

async function makeSource(parts: Partial<Repository> = {}): Promise<Repository> {
  const from = await makeResticRepository(parts);
  const shared = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`a/${at}`, randomBytes(9000)]));
  await addSnapshot(from, { ...shared, text: TEXT }, { tags: ['one'] });
  await addSnapshot(from, { ...shared, 'b/c/d': randomBytes(50_000), empty: '' }, { tags: ['two'] });
  return from;
}

describe('a copy between repositories of this kind', () => {
  test('has every byte, nothing twice, and passes a verification of all data', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    const results = await copyAll(from, to);
    assert.deepEqual(
      results.map(({ already }) => already),
      [false, false],
    );
    assert.deepEqual(await contents(to), await contents(from));
    await whole(to);
    const [first, second] = results;
    assert.ok(second!.storedBytes < first!.storedBytes + 60_000, 'what both share is stored once');
    const { freedBytes } = await prune(to, { ...FOREVER, dryRun: true, maxUnused: 0 });
    assert.equal(freedBytes, 0);
    assert.equal(await sizeOf(to), first!.storedBytes + second!.storedBytes);
    assert.deepEqual(new Set([...first!.files, ...second!.files]).size, (await to.files('data', FOREVER)).length);
  });

  test('keeps time, host, paths, tags and tree, and the first id as original', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    await copyAll(from, to);
    const originals = (await listSnapshots(from, FOREVER)).snapshots;
    const copies = (await listSnapshots(to, FOREVER)).snapshots;
    for (const tag of ['one', 'two']) {
      const [original, copy] = [originals, copies].map((all) => all.find(({ tags }) => tags.includes(tag))!);
      assert.deepEqual({ ...copy, id: '' }, { ...original, id: '' });
      assert.notEqual(copy!.id, original!.id);
      const json = await to.readUnpacked('snapshots', copy!.id, FOREVER);
      assert.equal(decodeSnapshot(json, '').original, original!.id);
    }
    // And the copy of a copy still names the first.
    const third = await makeResticRepository();
    await copyAll(to, third);
    const ids = await Promise.all(
      (await listSnapshots(third, FOREVER)).snapshots.map(
        async ({ id }) => decodeSnapshot(await third.readUnpacked('snapshots', id, FOREVER), '').original,
      ),
    );
    assert.deepEqual(ids.sort(), originals.map(({ id }) => id).sort());
  });

  test('is recognised the next time', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    await copyAll(from, to);
    const again = await copyAll(from, to);
    assert.deepEqual(
      again.map(({ already, storedBytes }) => [already, storedBytes]),
      [
        [true, 0],
        [true, 0],
      ],
    );
    assert.equal((await listSnapshots(to, FOREVER)).snapshots.length, 2);
  });

  test('compresses what a repository of format 1 could not, and the other way round', async () => {
    const old = await makeSource({ config: newConfig(1) });
    const [to, back] = [await makeResticRepository(), await makeResticRepository({ config: newConfig(1) })];
    await copyAll(old, to);
    assert.ok((await sizeOf(to)) < (await sizeOf(old)) - 50_000);
    await copyAll(to, back);
    for (const repository of [to, back]) {
      assert.deepEqual(await contents(repository), await contents(old));
      await whole(repository);
    }
    assert.ok((await sizeOf(back)) > (await sizeOf(to)) + 50_000);
  });

  test('goes on from the packs that a killed one stored', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    let puts = 0;
    const dying = withStore(to, (store) => ({
      ...store,
      async put(key, body, how) {
        if (key.startsWith('data/') && ++puts > 4) throw new Error('killed');
        await store.put(key, body, how);
      },
    }));
    await assert.rejects(copyAll(from, dying), /killed/);
    const stored = new Set((await to.files('data', FOREVER)).map(({ id }) => id));
    assert.ok(stored.size >= 4);
    assert.deepEqual((await listSnapshots(to, FOREVER)).snapshots, []);
    const results = await copyAll(from, to);
    assert.deepEqual(await contents(to), await contents(from));
    await whole(to);
    const all = await to.files('data', FOREVER);
    assert.ok([...stored].every((id) => all.some((file) => file.id === id)));
    const { freedBytes } = await prune(to, { ...FOREVER, dryRun: true, maxUnused: 0 });
    assert.equal(freedBytes, 0, 'nothing was stored twice');
    assert.ok(results.every(({ already }) => !already));
  });

  test('of a damaged snapshot is none, says what is damaged, and a good one goes on from there', async () => {
    const from = await makeSource();
    const twin = withStore(from, (store) => store);
    const [victim] = (await from.files('data', FOREVER)).sort((a, b) => b.sizeBytes - a.sizeBytes);
    const key = `data/${victim!.id.slice(0, 2)}/${victim!.id}`;
    const bytes = await from.store.read(key, undefined, FOREVER);
    bytes[100]! ^= 1;
    const damaged = withStore(from, (store) => ({
      ...store,
      read: async (name, range, how) => {
        if (name !== key) return await store.read(name, range, how);
        const { offset, length = bytes.length - offset } = range ?? { offset: 0 };
        return bytes.slice(offset, offset + length);
      },
    }));
    const to = await makeResticRepository();
    await assert.rejects(copyAll(damaged, to), (error: Error) => {
      assert.ok(hasCode(error, 'repository.damaged', 'tree.damaged'), String(error));
      assert.match(error.message, new RegExp(victim!.id.slice(0, 8)));
      return true;
    });
    assert.ok((await listSnapshots(to, FOREVER)).snapshots.length < 2);
    const before = await sizeOf(to);
    await copyAll(twin, to);
    assert.deepEqual(await contents(to), await contents(from));
    await whole(to);
    assert.ok(before > 0);
  });

  test('takes a damaged blob from another place in its repository', async () => {
    const from = await makeResticRepository();
    const files = { a: randomBytes(9000), b: randomBytes(9000) };
    await addSnapshot(from, files, { tags: ['one'] });
    const [pack] = (await from.files('data', FOREVER)).sort((a, b) => b.sizeBytes - a.sizeBytes);
    await addSnapshot(from, files, { tags: ['two'], again: true });
    const key = `data/${pack!.id.slice(0, 2)}/${pack!.id}`;
    await from.store.put(key, (await from.store.read(key, undefined, FOREVER)).fill(0, 0, 50), FOREVER);
    const to = await makeResticRepository();
    await copyAll(from, to);
    await whole(to);
    assert.equal((await contents(to)).length, 4);
  });

  test('is refused while somebody is alone in either repository', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    for (const locked of [from, to]) {
      await using _lock = await takeLock(locked, { ...FOREVER, exclusive: true });
      await assert.rejects(copyAll(from, to), (error) => hasCode(error, 'repository.locked'));
    }
    assert.deepEqual(await to.files('locks', FOREVER), []);
    assert.deepEqual(await from.files('locks', FOREVER), []);
  });

  test('that did not arrive as it was sent is none, and is sent again', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    let puts = 0;
    const lying = withStore(to, (store) => ({
      ...store,
      async put(key, body, how) {
        const changed = key.startsWith('data/') && ++puts === 2 && body instanceof Uint8Array;
        await store.put(key, changed ? body.map((byte, at) => (at === 70 ? byte ^ 1 : byte)) : body, how);
      },
    }));
    const copyBack = async (repository: Repository) => {
      await using copying = (await copyFrom(repository, engineOf(from), HOW))!;
      const [snapshot] = (await listSnapshots(from, FOREVER)).snapshots;
      return (await copying.copy(snapshot!, { readBack: true }))!;
    };
    await assert.rejects(copyBack(lying), (error) => hasCode(error, 'copy.not-as-sent'));
    assert.deepEqual((await listSnapshots(to, FOREVER)).snapshots, []);
    const { rereadBytes, storedBytes } = await copyBack(to);
    assert.equal(rereadBytes, storedBytes);
    await whole(to);
  });

  test('made twice at once is one snapshot', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    await Promise.all([
      copyAll(from, to),
      copyAll(
        from,
        withStore(to, (store) => store),
      ),
    ]);
    assert.deepEqual(await contents(to), [...(await contents(from))]);
    await whole(to);
  });

  test('into a place that is full fails as such, and leaves nothing that counts', async () => {
    const [from, to] = [await makeSource(), await makeResticRepository()];
    const full = withStore(to, (store) =>
      withFaults(store, {
        faults: [
          { calls: ['put'], prefix: 'data/', nth: 3, action: { kind: 'fail', when: 'before', code: 'store.full' } },
        ],
      }),
    );
    await assert.rejects(copyAll(from, full), (error) => hasCode(error, 'store.full'));
    assert.deepEqual((await listSnapshots(to, FOREVER)).snapshots, []);
  });
});

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
import { withFaults } from '../../stores/faulty.ts';
import { loadIndex } from './load-index.ts';
import { prune } from './prune.ts';
import { rebuildIndex } from './rebuild-index.ts';
import { keyOf, type Repository } from './repository.ts';

const NOW = { ...FOREVER, dryRun: false, maxUnused: 0 };
const isDamaged = (error: unknown) => hasCode(error, 'repository.damaged');

async function dataBytes(repository: Repository): Promise<number> {
  return (await repository.files('data', FOREVER)).reduce((sum, file) => sum + file.sizeBytes, 0);
}

async function allKeys(repository: Repository): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of repository.store.list('', FOREVER)) keys.push(key);
  return keys.sort();
}

/** Two snapshots that share half of their content, of which the first is forgotten. */
async function makeForgotten(): Promise<{ repository: Repository; before: Map<string, string> }> {
  const repository = await makeResticRepository();
  const shared = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`shared/${at}`, randomBytes(4000)]));
  const old = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`shared/${at}x`, randomBytes(4000)]));
  const first = await addSnapshot(repository, { ...shared, ...old });
  await addSnapshot(repository, { ...shared, 'new/a': randomBytes(9000), 'new/b/c': 'small' });
  await repository.deleteFile('snapshots', first, FOREVER);
  return { repository, before: await readEverything(repository) };
}

describe('prune', () => {
  test('removes what no snapshot needs and keeps every byte of the others', async () => {
    const { repository, before } = await makeForgotten();
    const totalBytes = await dataBytes(repository);
    const report = await prune(repository, NOW);
    assert.deepEqual(await readEverything(repository), before);
    assert.ok(report.packsRepacked > 0);
    assert.ok(report.freedBytes > 45_000, `${report.freedBytes} bytes freed`);
    assert.equal(report.remainingUnusedBytes, 0);
    assert.equal(report.remainingBytes, await dataBytes(repository));
    assert.equal(report.freedBytes, totalBytes - report.remainingBytes);
    const again = await prune(repository, NOW);
    assert.deepEqual([again.packsRepacked, again.packsRemoved, again.freedBytes], [0, 0, 0]);
  });

  test('a dry run says the same and changes nothing', async () => {
    const { repository } = await makeForgotten();
    const keys = await allKeys(repository);
    const planned = await prune(repository, { ...NOW, dryRun: true });
    assert.deepEqual(await allKeys(repository), keys);
    const done = await prune(repository, NOW);
    assert.deepEqual({ ...done, freedBytes: 0, remainingBytes: 0 }, { ...planned, freedBytes: 0, remainingBytes: 0 });
    assert.ok(Math.abs(done.freedBytes - planned.freedBytes) < 500, 'but for the headers of new packs');
  });

  test('leaves unused bytes up to the share that may stay', async () => {
    const { repository } = await makeForgotten();
    const lazy = await prune(repository, { ...NOW, dryRun: true, maxUnused: 10 });
    assert.equal(lazy.packsRepacked, 0);
    assert.ok(lazy.remainingUnusedBytes > 10_000);
    for (const maxUnused of [0.05, 0.2, 0.4]) {
      const { remainingUnusedBytes, remainingBytes } = await prune(repository, { ...NOW, dryRun: true, maxUnused });
      assert.ok(remainingUnusedBytes <= maxUnused * remainingBytes, `${remainingUnusedBytes} of ${remainingBytes}`);
    }
  });

  test('without snapshots nothing remains', async () => {
    const repository = await makeResticRepository();
    await repository.deleteFile('snapshots', await addSnapshot(repository, { a: randomBytes(50_000) }), FOREVER);
    await prune(repository, NOW);
    assert.deepEqual(await allKeys(repository), ['config']);
  });

  test('of blobs that are stored twice one copy stays', async () => {
    const repository = await makeResticRepository();
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`${at}`, randomBytes(4000)]));
    await addSnapshot(repository, files);
    const onceBytes = await dataBytes(repository);
    await addSnapshot(repository, { ...files, more: randomBytes(1000) }, { again: true });
    const before = await readEverything(repository);
    assert.ok((await dataBytes(repository)) > 1.9 * onceBytes);
    await prune(repository, NOW);
    assert.ok((await dataBytes(repository)) < 1.1 * onceBytes);
    assert.deepEqual(await readEverything(repository), before);
  });

  test('a pack that is missing is no harm where every blob in it has another copy', async () => {
    const repository = await makeResticRepository();
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`${at}`, randomBytes(4000)]));
    await addSnapshot(repository, files);
    const [lost] = await repository.files('data', FOREVER);
    await addSnapshot(repository, files, { again: true });
    const before = await readEverything(repository);
    await repository.deleteFile('data', lost!.id, FOREVER);
    await prune(repository, NOW);
    assert.deepEqual(await readEverything(repository), before);
  });

  test('packs that no index names are removed', async () => {
    const { repository, before } = await makeForgotten();
    const leftover = randomBytes(5000);
    const id = 'ab'.repeat(32);
    await repository.store.put(keyOf('data', id), leftover, FOREVER);
    const { packsRemoved } = await prune(repository, { ...NOW, maxUnused: 10 });
    assert.equal(packsRemoved >= 1, true);
    assert.ok(!(await allKeys(repository)).includes(keyOf('data', id)));
    assert.deepEqual(await readEverything(repository), before);
  });

  test('many small packs are gathered', async () => {
    const repository = await makeResticRepository();
    for (let run = 0; run < 12; run++) await addSnapshot(repository, { [`run-${run}`]: randomBytes(300) });
    const before = await readEverything(repository);
    assert.equal((await repository.files('data', FOREVER)).length, 24);
    await prune(repository, NOW);
    assert.ok((await repository.files('data', FOREVER)).length <= 4);
    assert.equal((await repository.files('index', FOREVER)).length, 1);
    assert.deepEqual(await readEverything(repository), before);
  });

  test('refuses to guess: damage anywhere in what says what is needed stops it before anything is changed', async () => {
    const damage: Record<string, (repository: Repository) => Promise<string>> = {
      snapshot: async (repository) => keyOf('snapshots', (await repository.files('snapshots', FOREVER))[0]!.id),
      index: async (repository) => keyOf('index', (await repository.files('index', FOREVER))[0]!.id),
      pack: async (repository) => keyOf('data', largest(await repository.files('data', FOREVER))),
    };
    for (const [what, choose] of Object.entries(damage)) {
      for (const how of ['gone', 'flipped', 'short']) {
        if (what === 'snapshot' && how === 'gone') continue;
        const { repository } = await makeForgotten();
        const key = await choose(repository);
        const bytes = await repository.store.read(key, undefined, FOREVER);
        bytes[bytes.length >> 1]! ^= 1;
        if (how === 'gone') await repository.store.delete(key, FOREVER);
        else await repository.store.put(key, how === 'short' ? bytes.subarray(0, -1) : bytes, FOREVER);
        const keys = await allKeys(repository);
        await assert.rejects(prune(repository, NOW), isDamaged, `${what} ${how}`);
        const left = new Set(await allKeys(repository));
        const removed = keys.filter((one) => !left.has(one));
        assert.deepEqual(removed, [], `${what} ${how}`);
      }
    }
  });

  test('stopped at any write or removal, the repository is whole and the next run finishes the work', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1, ended = false; !ended; nth++) {
        const { repository, before } = await makeForgotten();
        const action = { kind: 'fail', when, code: 'store.failed' } as const;
        const faulty = withStore(repository, (store) =>
          withFaults(store, { faults: [{ calls: ['put', 'delete'], nth, action }] }),
        );
        ended = await prune(faulty, NOW).then(
          () => true,
          () => false,
        );
        assert.deepEqual(await readEverything(repository), before, `${when} call ${nth}`);
        for (const { id } of await repository.files('locks', FOREVER))
          await repository.deleteFile('locks', id, FOREVER);
        await prune(repository, NOW);
        assert.deepEqual(await readEverything(repository), before, `${when} call ${nth}, run again`);
        const report = await prune(repository, NOW);
        assert.deepEqual([report.packsRepacked, report.packsRemoved], [0, 0]);
      }
    }
  });
});

function largest(files: readonly { id: string; sizeBytes: number }[]): string {
  return files.reduce((best, file) => (file.sizeBytes > best.sizeBytes ? file : best)).id;
}

describe('the index made anew', () => {
  test('from nothing it is complete again', async () => {
    const { repository, before } = await makeForgotten();
    for (const { id } of await repository.files('index', FOREVER)) await repository.deleteFile('index', id, FOREVER);
    const report = await rebuildIndex(repository, FOREVER);
    assert.equal(report.packs, (await repository.files('data', FOREVER)).length);
    assert.deepEqual(report.unreadable, []);
    assert.deepEqual(await readEverything(repository), before);
  });

  test('replaces an index file that is damaged', async () => {
    const { repository, before } = await makeForgotten();
    const { id } = (await repository.files('index', FOREVER))[0]!;
    await repository.store.put(keyOf('index', id), randomBytes(100), FOREVER);
    await rebuildIndex(repository, FOREVER);
    assert.deepEqual(await readEverything(repository), before);
    assert.ok(!(await repository.files('index', FOREVER)).some((file) => file.id === id));
  });

  test('of a pack that lost its end the good blobs stay known', async () => {
    const { repository } = await makeForgotten();
    const id = largest(await repository.files('data', FOREVER));
    const bytes = await repository.store.read(keyOf('data', id), undefined, FOREVER);
    await repository.store.put(keyOf('data', id), bytes.subarray(0, 9000), FOREVER);
    const { unreadable } = await rebuildIndex(repository, FOREVER);
    assert.deepEqual(unreadable, [id]);
    const { table } = await loadIndex(repository, FOREVER);
    let survivors = 0;
    for (let entry = 0; entry < table.count; entry++) {
      if (table.packId(table.packOf(entry)).toString('hex') === id) survivors += 1;
    }
    assert.equal(survivors, 2, 'two blobs of 4,000 bytes fit into the 9,000 that are left');
  });

  test('stopped at any write or removal, every blob is still known', async () => {
    for (let nth = 1, ended = false; !ended; nth++) {
      const { repository, before } = await makeForgotten();
      const action = { kind: 'fail', when: 'before', code: 'store.failed' } as const;
      const faulty = withStore(repository, (store) =>
        withFaults(store, { faults: [{ calls: ['put', 'delete'], nth, action }] }),
      );
      ended = await rebuildIndex(faulty, FOREVER).then(
        () => true,
        () => false,
      );
      assert.deepEqual(await readEverything(repository), before, `call ${nth}`);
    }
  });
});

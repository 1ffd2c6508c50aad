import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noise } from '../../../test/fixtures/content.ts';
import { addSnapshot, FOREVER, makeResticRepository } from '../../../test/fixtures/restic-repository.ts';
import { SuretyError } from '../../base/errors.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { Store } from '../../stores/store.ts';
import { respectLocks } from '../../stores/wrap/respect-locks.ts';
import { forget } from './forget.ts';
import { idText } from './format/id.ts';
import { loadIndex } from './load-index.ts';
import { prune } from './prune.ts';
import { keyOf, type Repository } from './repository.ts';
import { verify } from './verify.ts';

const LATER = new Date(Date.UTC(2200, 0, 1));
const HOW = { ...FOREVER, dryRun: false, maxUnused: 0 };

/** `asks`: the store tells of its locks; else it only refuses. */
async function makeLocked({ asks }: { readonly asks: boolean }) {
  const locked = new Map<string, Date>();
  const plain = openMemoryStore();
  const refusing: Store = {
    ...plain,
    async delete(key, how) {
      if (locked.has(key)) throw new SuretyError('store.locked', `${key} is locked`);
      await plain.delete(key, how);
    },
  };
  const locks = {
    until: async (key: string) => locked.get(key),
    extend: async (key: string, until: Date) => void locked.set(key, until),
  };
  const store = asks ? respectLocks({ ...plain, locks }, { now: () => new Date(0), never: ['locks'] }) : refusing;
  const repository = await makeResticRepository({ store });
  const old = await addSnapshot(repository, { a: noise(1, 60_000), shared: noise(2, 5_000) });
  await addSnapshot(repository, { b: noise(3, 60_000), shared: noise(2, 5_000) });
  return { repository, locked, old };
}

async function keysOf(repository: Repository, kind: 'data' | 'index'): Promise<string[]> {
  return (await repository.files(kind, FOREVER)).map(({ id }) => keyOf(kind, id)).sort();
}

/** Nothing that is named is gone, and all that snapshots need is there. */
async function requireWhole(repository: Repository): Promise<void> {
  const { table } = await loadIndex(repository, { ...FOREVER, own: true });
  const there = new Set(await keysOf(repository, 'data'));
  for (let pack = 0; pack < table.packCount; pack++) assert.ok(there.has(keyOf('data', idText(table.packId(pack)))));
  assert.deepEqual((await verify(repository, { ...FOREVER, depth: 'data' })).problems, []);
}

for (const asks of [true, false]) {
  describe(`pruning where the store ${asks ? 'tells of its locks' : 'only refuses'}`, () => {
    test('packs that an index file names which is locked stay with it', async () => {
      const { repository, locked, old } = await makeLocked({ asks });
      for (const key of await keysOf(repository, 'index')) locked.set(key, LATER);
      assert.deepEqual(await forget(repository, [old], FOREVER), []);
      const before = await keysOf(repository, 'data');
      const report = await prune(repository, HOW);
      const after = await keysOf(repository, 'data');
      assert.ok(before.every((key) => after.includes(key)));
      assert.ok(report.locked!.files > 0 && report.locked!.sizeBytes > 0);
      assert.deepEqual(report.locked!.until, asks ? LATER : undefined);
      assert.equal(report.packsRemoved, 0);
      await requireWhole(repository);
      locked.clear();
      assert.ok((await prune(repository, HOW)).freedBytes > 60_000);
      await requireWhole(repository);
    });

    test('a pack that is locked stays, and the others go', async () => {
      const { repository, locked, old } = await makeLocked({ asks });
      await forget(repository, [old], FOREVER);
      const dry = await prune(repository, { ...HOW, dryRun: true });
      assert.ok(dry.packsRemoved > 1);
      for (const key of await keysOf(repository, 'data')) locked.set(key, LATER);
      const free = [...locked.keys()].slice(0, 3);
      for (const key of free) locked.delete(key);
      await prune(repository, HOW);
      const after = await keysOf(repository, 'data');
      assert.ok([...locked.keys()].every((key) => after.includes(key)));
      await requireWhole(repository);
    });

    test('a snapshot that is locked stays, and is named', async () => {
      const { repository, locked, old } = await makeLocked({ asks });
      locked.set(keyOf('snapshots', old), LATER);
      assert.deepEqual(await forget(repository, [old], FOREVER), [{ id: old, until: asks ? LATER : undefined }]);
      await prune(repository, HOW);
      await requireWhole(repository);
      assert.equal((await repository.files('snapshots', FOREVER)).length, 2);
    });
  });
}

test('again and again, pruning what is locked adds no index files', async () => {
  const { repository, locked, old } = await makeLocked({ asks: true });
  for (const kind of ['index', 'data'] as const)
    for (const key of await keysOf(repository, kind)) locked.set(key, LATER);
  await forget(repository, [old], FOREVER);
  const before = await keysOf(repository, 'index');
  for (let times = 0; times < 3; times++) await prune(repository, HOW);
  assert.deepEqual(await keysOf(repository, 'index'), before);
});

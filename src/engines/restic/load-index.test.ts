import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addSnapshot, FOREVER, makeResticRepository } from '../../../test/fixtures/restic-repository.ts';
import { hasCode } from '../../base/errors.ts';
import { randomBytes } from '../../base/ids.ts';
import { DATA, TREE } from './blob-table.ts';
import { encodeIndex, type IndexedPack } from './format/index-file.ts';
import type { PackEntry } from './format/pack.ts';
import { loadIndex } from './load-index.ts';
import { keyOf, type Repository } from './repository.ts';

const ID = randomBytes(32);

function blob(offset: number, id: Uint8Array = randomBytes(32)): PackEntry {
  return { id, type: DATA, offset, length: 100, rawLength: 0 };
}

const store = (repository: Repository, ...packs: IndexedPack[]) =>
  repository.writeUnpacked('index', encodeIndex(packs), FOREVER);

describe('loading the index', () => {
  test('of format 1 and 2 gives the same table', async () => {
    for (const version of [1, 2]) {
      const made = await makeResticRepository();
      const repository = await makeResticRepository({ config: { ...made.config, version } });
      const pack = {
        id: randomBytes(32),
        blobs: [blob(0, ID), { ...blob(100), type: TREE as typeof TREE, rawLength: 700 }],
      };
      await store(repository, pack);
      const { table, files } = await loadIndex(repository, FOREVER);
      assert.deepEqual([table.count, table.packCount, files.length], [2, 1, 1]);
      const entry = table.find(ID, DATA);
      assert.deepEqual(table.location(entry), { pack: 0, type: DATA, offset: 0, length: 100, rawLength: 0 });
      assert.ok(table.packId(0).equals(pack.id));
      assert.equal(table.find(ID, TREE), -1);
    }
  });

  test('a pack that two index files tell of counts once, and what only one of them tells counts too', async () => {
    const repository = await makeResticRepository();
    const [first, second] = [randomBytes(32), randomBytes(32)];
    const blobs = [blob(0, ID), blob(100), blob(200)];
    // The same blob in another pack, so that the first entry found is not always the place that is told again.
    await store(repository, { id: second, blobs: [blob(0, ID)] });
    for (let times = 0; times < 3; times++) await store(repository, { id: first, blobs });
    await store(repository, { id: first, blobs: [...blobs, blob(300)] });
    const { table } = await loadIndex(repository, FOREVER);
    assert.equal(table.packCount, 2);
    assert.equal(table.count, 5);
    assert.equal(table.copies(ID, DATA).length, 2);
  });

  test('has room for what the caller adds', async () => {
    const repository = await makeResticRepository();
    const { table } = await loadIndex(repository, { ...FOREVER, own: true });
    assert.notEqual(table, (await loadIndex(repository, FOREVER)).table);
    const pack = table.addPack(randomBytes(32));
    assert.equal(pack, 0);
    for (let at = 0; at < 3; at++) {
      assert.notEqual(table.add(randomBytes(32), DATA, { pack, offset: at, length: 40, rawLength: 0 }), -1);
    }
  });

  test('is read once as long as it stays the same, and belongs to one who adds to it', async () => {
    const repository = await makeResticRepository();
    await store(repository, { id: randomBytes(32), blobs: [blob(0)] });
    const first = await loadIndex(repository, FOREVER);
    assert.equal((await loadIndex(repository, FOREVER)).table, first.table);
    assert.equal((await loadIndex(repository, { ...FOREVER, own: true })).table, first.table);
    const second = await loadIndex(repository, FOREVER);
    assert.notEqual(second.table, first.table);
    await store(repository, { id: randomBytes(32), blobs: [blob(0)] });
    assert.equal((await loadIndex(repository, FOREVER)).table.count, 2);
  });

  test('again gives the same table until the index files are others', async () => {
    const repository = await makeResticRepository();
    await store(repository, { id: randomBytes(32), blobs: [blob(0)] });
    const { table } = await loadIndex(repository, FOREVER);
    assert.equal((await loadIndex(repository, FOREVER)).table, table);
    await store(repository, { id: randomBytes(32), blobs: [blob(0)] });
    const next = await loadIndex(repository, FOREVER);
    assert.equal(next.table.count, 2);
    await repository.deleteFile('index', next.files[0]!, FOREVER);
    assert.equal((await loadIndex(repository, FOREVER)).table.count, 1);
  });

  test('has room for the most entries that a compressed file can hold', async () => {
    const repository = await makeResticRepository();
    const packs = Array.from({ length: 50 }, () => ({
      id: randomBytes(32),
      blobs: Array.from({ length: 40 }, () => blob(0)),
    }));
    const alone = Array.from({ length: 500 }, () => ({ id: randomBytes(32), blobs: [blob(0)] }));
    await store(repository, ...packs, ...alone);
    const { table } = await loadIndex(repository, FOREVER);
    assert.deepEqual([table.count, table.packCount], [2500, 550]);
  });

  test('fails at a damaged file, unless the caller wants to know of all of them', async () => {
    const repository = await makeResticRepository();
    await addSnapshot(repository, { a: 'content' });
    const damaged = await store(repository, { id: randomBytes(32), blobs: [blob(0)] });
    await repository.store.put(keyOf('index', damaged), randomBytes(40), FOREVER);
    await assert.rejects(loadIndex(repository, FOREVER), (error) => {
      assert.ok(hasCode(error, 'repository.damaged'));
      assert.ok(error.message.includes(damaged));
      return true;
    });
    const told: string[] = [];
    const { files } = await loadIndex(repository, { ...FOREVER, onDamaged: (id) => told.push(id) });
    assert.deepEqual(told, [damaged]);
    assert.equal(files.length, 1);
  });
});

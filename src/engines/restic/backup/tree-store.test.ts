import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FOREVER, makeResticRepository, withStore } from '../../../../test/fixtures/restic-repository.ts';
import { randomBytes } from '../../../base/ids.ts';
import { BlobTable, TREE } from '../blob-table.ts';
import { PackStore } from '../pack-store.ts';
import { PackFlow } from './pack-flow.ts';
import { TreeStore } from './tree-store.ts';

const MIB = 2 ** 20;

/** A tree store over a store whose puts wait for `opened`. */
async function openTrees(opened: Promise<void>, onFailure: (error: unknown) => void = () => {}) {
  const repository = withStore(await makeResticRepository({ packSizeBytes: 4 * MIB }), (store) => ({
    ...store,
    put: async (key, body, how) => {
      await opened;
      await store.put(key, body, how);
    },
  }));
  const table = BlobTable.create(1000, 100);
  const packs = new PackStore(repository, FOREVER);
  const flow = new PackFlow({ packs, targetBytes: repository.packSizeBytes, fillers: 1, senders: 1, onFailure });
  return { trees: new TreeStore(repository, table, flow), table, packs };
}

describe('saving trees', () => {
  test('tells when it is behind, and goes on when the store takes them', async () => {
    const gate = Promise.withResolvers<void>();
    const { trees, packs } = await openTrees(gate.promise);
    const saved: Promise<string>[] = [];
    for (let tree = 0; tree < 60; tree++) saved.push(trees.save(randomBytes(MIB)));
    const ready = trees.ready();
    assert.ok(ready !== undefined);
    gate.resolve();
    await ready;
    assert.equal(trees.ready(), undefined);
    assert.equal(new Set(await Promise.all(saved)).size, 60);
    await trees.flush();
    assert.equal(packs.totals.treeBlobs, 60);
  });

  test('stores a tree once, however often it comes', async () => {
    const { trees, table, packs } = await openTrees(Promise.resolve());
    const tree = Buffer.from('{"nodes":[]}\n');
    const [first, second] = await Promise.all([trees.save(tree), trees.save(tree)]);
    assert.equal(first, second);
    await trees.flush();
    assert.equal(packs.totals.treeBlobs, 1);
    assert.ok(table.findText(first, TREE) >= 0);
    assert.equal(trees.ready(), undefined);
  });
});

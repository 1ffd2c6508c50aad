import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasCode } from '../../base/errors.ts';
import { createSelection } from '../selection.ts';
import { encodeTree } from './format/tree.ts';
import type { TreeReader } from './tree-reader.ts';
import { type WalkHow, walkTree } from './walk.ts';

const FOREVER = new AbortController().signal;
/** More than are looked at before what is below them. */
const MANY = 700;

const names = Array.from({ length: MANY }, (_, at) => `file ${String(at).padStart(4, '0')}`);
const TIMES = '"mtime":"2026-01-01T00:00:00Z","ctime":"2026-01-01T00:00:00Z"';
const file = (name: string) => `{"name":"${name}","type":"file","mode":420,${TIMES},"content":[]}`;
const directory = (name: string, subtree: string) =>
  `{"name":"${name}","type":"dir","mode":493,${TIMES},"subtree":"${subtree}"}`;

const ROOT = '0'.repeat(64);
const BELOW = '1'.repeat(64);

/** A directory `d` of these nodes, and a file after it. */
function treesOf(below: readonly string[]): TreeReader {
  const trees = new Map([
    [ROOT, encodeTree([directory('d', BELOW), file('z')])],
    [BELOW, encodeTree(below)],
  ]);
  return { read: async (id) => Buffer.from(trees.get(id) ?? ''), ahead: () => {} };
}

async function walked(trees: TreeReader, how: Pick<WalkHow, 'onLost'> = {}): Promise<string[]> {
  const found: string[] = [];
  const all: WalkHow = { signal: FOREVER, selection: createSelection(undefined), ...how };
  for await (const batch of walkTree(trees, ROOT, 100, all)) found.push(...batch.map(({ path }) => path));
  return found;
}

describe('a walk', () => {
  const good = ['d', ...names.map((name) => `d/${name}`), 'z'];

  test('tells all nodes in order', async () => {
    assert.deepEqual(await walked(treesOf(names.map(file))), good);
  });

  for (const bad of [1, 255, 256, 257, MANY]) {
    test(`tells the ${bad} nodes before one that is damaged, and what stands after the directory`, async () => {
      const nodes = names.map(file);
      nodes.splice(bad, 0, file('a name out of order'));
      const lost: string[] = [];
      const found = await walked(treesOf(nodes), {
        onLost(path, error) {
          assert.ok(hasCode(error, 'tree.damaged'));
          lost.push(path);
        },
      });
      assert.deepEqual(lost, ['d']);
      assert.deepEqual(found, [...good.slice(0, bad + 1), 'z']);
    });
  }

  test('throws what is damaged to who does not want to be told', async () => {
    await assert.rejects(walked(treesOf([file('b'), file('a')])), (error) => hasCode(error, 'tree.damaged'));
  });
});

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLocalStore } from '../../src/stores/local/open.ts';
import writeMarked from './children/write-marked.ts';
import { crashAtEveryWrite } from './crash.ts';

const how = { signal: new AbortController().signal };
const module = new URL('./children/write-marked.ts', import.meta.url).href;

test('killed at any write, a local store has whole bodies only and all that its marker names', async () => {
  const points = await crashAtEveryWrite({
    module,
    async prepare(folder) {
      const input = {
        path: join(folder, 'store'),
        old: ['data/old/1', 'data/old/2'],
        new: ['data/new/1', 'data/new/2'],
      };
      await writeMarked({ ...input, old: [], new: input.old }, (store) => store);
      return input;
    },
    async check(folder, { moment }) {
      const left = await readdir(join(folder, 'store', 'tmp'));
      assert.equal(left.length, moment === 'during' ? 1 : 0);
      await using store = await openLocalStore({ path: join(folder, 'store') });
      assert.deepEqual(await readdir(join(folder, 'store', 'tmp')), []);
      for (const key of JSON.parse(Buffer.from(await store.read('marker', undefined, how)).toString())) {
        await store.read(key, undefined, how);
      }
      for await (const { key } of store.list('data', how)) {
        assert.equal(Buffer.from(await store.read(key, undefined, how)).toString(), `body of ${key}`);
      }
    },
  });
  const counted = (call: string) => points.filter((point) => point.call === call).length;
  assert.deepEqual([counted('put'), counted('delete')], [9, 4]);
});

test('work that fails instead of being killed fails the test', async () => {
  const outcome = crashAtEveryWrite({
    module,
    prepare: async () => ({ path: '/dev/null/store', old: [], new: ['a'] }),
    check: async () => undefined,
  });
  await assert.rejects(outcome, /killed before put 1 failed with 1 instead/);
});

test('a check that fails says at which write the work was killed', async () => {
  const outcome = crashAtEveryWrite({
    module,
    prepare: async (folder) => ({ path: join(folder, 'store'), old: [], new: ['a'] }),
    check: async (_, { nth }) => assert.notEqual(nth, 2),
  });
  await assert.rejects(outcome, /left by work killed before put 2 is wrong/);
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openDeleter } from './delete.ts';
import { openRoot, syncFolder } from './root.ts';

function folderWith(context: TestContext, ...keys: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'surety-delete-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const key of keys) {
    mkdirSync(join(folder, key, '..'), { recursive: true });
    writeFileSync(join(folder, key), key);
  }
  return folder;
}

test('a delete beside a sync of its folder is made durable before the next kind goes', async (context) => {
  const folder = folderWith(context, 'index/a', 'index/b', 'locks/a', 'data/a');
  const there = (key: string): boolean => existsSync(join(folder, key));
  const first = Promise.withResolvers<void>();
  /** Which index files were there at each sync of their folder. */
  const synced: string[][] = [];
  const deleter = openDeleter(openRoot(folder), async (path) => {
    if (path.endsWith('index')) synced.push(['index/a', 'index/b'].filter(there));
    if (synced.length === 1) await first.promise;
    assert.ok(path.endsWith('data') || there('data/a'));
    await syncFolder(path);
  });
  await deleter.delete('index/a');
  const lock = deleter.delete('locks/a');
  await setImmediate();
  await deleter.delete('index/b');
  const data = deleter.delete('data/a');
  await setImmediate();
  assert.ok(there('data/a'), 'it waits for the sync that is under way');
  first.resolve();
  await Promise.all([lock, data]);
  assert.deepEqual(synced, [['index/b'], []]);
  assert.ok(!there('data/a'));
});

test('what could not be made durable is tried again', async (context) => {
  const folder = folderWith(context, 'index/a', 'data/a');
  let failures = 1;
  const deleter = openDeleter(openRoot(folder), async () => {
    if (failures-- > 0) throw new Error('input/output error');
  });
  await deleter.delete('index/a');
  await assert.rejects(deleter.delete('data/a'), /input/);
  assert.ok(existsSync(join(folder, 'data/a')));
  await deleter.delete('data/a');
  assert.equal(failures, -1);
});

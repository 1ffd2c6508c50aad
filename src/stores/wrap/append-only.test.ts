import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMemoryStore } from '../memory/open.ts';
import { appendOnly } from './append-only.ts';

const how = { signal: new AbortController().signal };

test('bodies are added and stay; only what holds no backup is deleted', async () => {
  const inner = openMemoryStore();
  const store = appendOnly(inner, ['locks']);
  for (const key of ['data/a', 'locks/b', 'locksmith']) await store.put(key, new Uint8Array(3), how);
  await store.delete('locks/b', how);
  for (const key of ['data/a', 'locksmith', 'locks']) {
    await assert.rejects(store.delete(key, how), { code: 'store.read-only' });
  }
  assert.equal(await inner.stat('locks/b', how), undefined);
  assert.equal((await inner.stat('data/a', how))?.sizeBytes, 3);
  assert.equal((await inner.stat('locksmith', how))?.sizeBytes, 3);
});

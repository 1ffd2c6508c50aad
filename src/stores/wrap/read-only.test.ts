import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../base/errors.ts';
import { openMemoryStore } from '../memory/open.ts';
import { readOnly } from './read-only.ts';

const how = { signal: new AbortController().signal };

test('a read-only store reads and lists, and changes nothing', async () => {
  const inner = openMemoryStore();
  await inner.put('a', Buffer.from('body'), how);
  const store = readOnly(inner);
  const refused = (error: unknown) => hasCode(error, 'store.read-only');
  await assert.rejects(store.put('a', Buffer.from('other'), how), refused);
  await assert.rejects(store.put('b', Buffer.from('other'), how), refused);
  await assert.rejects(store.delete('a', how), refused);
  assert.equal(Buffer.from(await store.read('a', undefined, how)).toString(), 'body');
  const listed: string[] = [];
  for await (const { key } of store.list('', how)) listed.push(key);
  assert.deepEqual(listed, ['a']);
});

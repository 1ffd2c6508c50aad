import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMemoryStore } from '../memory/open.ts';
import { type StoreCall, withLog } from './log.ts';

const how = { signal: new AbortController().signal };

test('every call is told once, with its size and its error', async () => {
  const told: StoreCall[] = [];
  const store = withLog(openMemoryStore(), (call) => told.push(call));
  await store.put('a', new Uint8Array(200_000), how);
  await store.read('a', { offset: 0, length: 7 }, how);
  for await (const _ of store.stream('a', undefined, how)) break;
  for await (const _ of store.list('', how));
  await store.stat('a', how);
  await store.delete('a', how);
  await assert.rejects(store.read('a', undefined, how));
  const facts = told.map(({ call, key, sizeBytes, keys, error }) => [
    call,
    key,
    sizeBytes ?? keys,
    error !== undefined,
  ]);
  assert.deepEqual(facts, [
    ['put', 'a', 200_000, false],
    ['read', 'a', 7, false],
    ['stream', 'a', 65_536, false],
    ['list', '', 1, false],
    ['stat', 'a', undefined, false],
    ['delete', 'a', undefined, false],
    ['read', 'a', undefined, true],
  ]);
  for (const { elapsedMs } of told) assert.ok(elapsedMs >= 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMemoryStore } from '../memory/open.ts';
import { below } from './below.ts';

const how = { signal: new AbortController().signal };

test('a part of a store neither sees nor touches what is beside it', async () => {
  const store = openMemoryStore();
  for (const key of ['a/one', 'ab/two', 'three']) await store.put(key, Buffer.from(key), how);
  const part = below(store, 'a');
  await part.put('tmp-x/own', Buffer.from('own'), how);
  assert.deepEqual((await Array.fromAsync(part.list('', how))).map(({ key }) => key).sort(), ['one', 'tmp-x/own']);
  assert.equal((await part.stat('one', how))?.key, 'one');
  await part.delete('three', how);
  await part[Symbol.asyncDispose]();
  assert.deepEqual((await Array.fromAsync(store.list('', how))).map(({ key }) => key).sort(), [
    'a/one',
    'a/tmp-x/own',
    'ab/two',
    'three',
  ]);
});

test('it knows what the store below learns about conditional writes', () => {
  const traits = { ...openMemoryStore().traits, conditionalPut: true };
  const part = below({ ...openMemoryStore(), traits }, 'a');
  assert.equal(part.traits.conditionalPut, true);
  traits.conditionalPut = false;
  assert.equal(part.traits.conditionalPut, false);
});

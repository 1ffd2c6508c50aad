import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { didYouMean, editDistance, listed, nearest } from './nearest.ts';

test('a swap of two letters is one edit', () => {
  assert.equal(editDistance('compression', 'compresison'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});

test('edit distance is zero only for equal words, symmetric, and never longer than the longer word', () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length));
    }),
  );
});

test('only the nearest candidates are suggested', () => {
  assert.deepEqual(nearest('pasword', ['password', 'path', 'store']), ['password']);
  assert.deepEqual(nearest('valut', ['plain', 'vault']), ['vault']);
  assert.deepEqual(nearest('Time_Zone', ['time_zone']), ['time_zone']);
  assert.deepEqual(nearest('comp', ['compression', 'cache']), ['compression']);
  assert.deepEqual(nearest('exclud', ['exclude_caches', 'exclude']), ['exclude']);
  assert.deepEqual(nearest('entirely-other', ['store', 'type']), []);
});

test('suggestions read as a sentence', () => {
  assert.equal(didYouMean('hosst', ['host', 'hosts']), 'did you mean host or hosts');
  assert.equal(didYouMean('zzz', ['host']), undefined);
  assert.equal(listed(['a', 'b', 'c'], 'and'), 'a, b and c');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRangeBuffers } from './range-buffers.ts';

const MIB = 1 << 20;

test('a buffer belongs to one reader until it is given back, and the one given last is taken next', () => {
  const buffers = openRangeBuffers(2, MIB);
  assert.deepEqual(
    buffers.all.map((buffer) => buffer.byteLength),
    [MIB, MIB],
  );
  const [first, second] = [buffers.take(MIB), buffers.take(100_000)];
  assert.deepEqual([first, second].toSorted(), [0, 1]);
  assert.equal(buffers.take(100_000), undefined);
  buffers.give(first!);
  assert.equal(buffers.take(MIB), first);
});

test('what is too large for a buffer, or too small for it to pay, gets none', () => {
  const buffers = openRangeBuffers(1, MIB);
  assert.equal(buffers.take(MIB + 1), undefined);
  assert.equal(buffers.take(1000), undefined);
  assert.equal(buffers.take(MIB), 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasCode } from './errors.ts';
import { collectBytes, inPieces, joinBytes, openTail } from './streams.ts';

test('bytes cut into pieces are joined to the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.integer({ min: 1, max: 60 }), async (bytes, pieceBytes) => {
      assert.deepEqual(await collectBytes(inPieces(bytes, pieceBytes)), new Uint8Array(bytes));
    }),
  );
});

test('a stream that is longer than allowed is not collected', async () => {
  const outcome = collectBytes(inPieces(new Uint8Array(11), 3), 10);
  await assert.rejects(outcome, (error) => hasCode(error, 'stream.too-long'));
});

test('a tail keeps exactly the last bytes, however they come', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 })), (parts) => {
      const tail = openTail(16);
      for (const part of parts) tail.add(Buffer.from(part));
      assert.equal(tail.text(), parts.join('').slice(-16));
    }),
  );
});

test('a tail does not begin in the middle of a character', () => {
  const tail = openTail(4);
  tail.add(Buffer.from('aé€'));
  assert.equal(tail.text(), '€');
  assert.equal(tail.text(), '€');
});

test('joining copies', () => {
  const part = Uint8Array.of(1, 2);
  const joined = joinBytes([part]);
  part[0] = 9;
  assert.deepEqual(joined, Uint8Array.of(1, 2));
});

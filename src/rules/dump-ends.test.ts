import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openEnds } from './dump-ends.ts';
import { DUMP_END_BYTES } from './dump-trailer.ts';

test('both ends are kept, however the bytes come and whoever uses the memory again', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 * DUMP_END_BYTES }), { maxLength: 6 }), (sizes) => {
      const all = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0)).map((_, at) => at % 251);
      const ends = openEnds();
      let at = 0;
      for (const size of sizes) {
        const chunk = Buffer.from(all.subarray(at, at + size));
        ends.add(chunk);
        chunk.fill(255);
        at += size;
      }
      assert.deepEqual(Buffer.from(ends.ends().head), all.subarray(0, DUMP_END_BYTES));
      assert.deepEqual(Buffer.from(ends.ends().tail), all.subarray(-DUMP_END_BYTES));
    }),
    { numRuns: 30 },
  );
});

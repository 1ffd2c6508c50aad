import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { watchOutput } from './watch-output.ts';

test('what is said of output does not depend on the pieces it comes in', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é'), maxLength: 12 });
  const marker = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 3 });
  fc.assert(
    fc.property(text, marker, marker, fc.nat(20), fc.array(fc.nat(30)), (output, first, last, minBytes, cuts) => {
      const bytes = Buffer.from(output);
      const watch = watchOutput({ minBytes, startsWith: first, endsWith: last });
      const places = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
      let from = 0;
      for (const to of places) {
        watch.see(bytes.subarray(from, to));
        from = to;
      }
      const isRight = bytes.length >= minBytes && output.startsWith(first) && output.trimEnd().endsWith(last);
      assert.equal(watch.sizeBytes(), bytes.length);
      assert.equal(watch.problem() === undefined, isRight, watch.problem());
    }),
  );
});

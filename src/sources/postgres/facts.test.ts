import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fingerprintOf, prefixOf } from './facts.ts';

test('tables of one database are never taken for those of another', () => {
  const names = fc.string({ unit: fc.constantFrom('a', '/', '%', '2', '5', 'F'), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(names, names, (one, other) => {
      fc.pre(one !== other);
      const table = { name: `${prefixOf(one, true)}public.t`, rows: 1 };
      assert.equal(fingerprintOf({ algorithm: 'any', tables: [table] }, prefixOf(one, true)).tables.length, 1);
      assert.equal(fingerprintOf({ algorithm: 'any', tables: [table] }, prefixOf(other, true)).tables.length, 0);
    }),
    { examples: [['a/', 'a%2F']] },
  );
});

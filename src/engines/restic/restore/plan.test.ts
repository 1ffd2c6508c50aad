import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BlobTable, DATA } from '../blob-table.ts';
import { sha256, sha256Hex } from '../sha256.ts';
import { planUses, READ_BYTES, readsOf } from './plan.ts';

interface Blob {
  readonly pack: number;
  readonly length: number;
  readonly gap: number;
}

const blobs = fc.array(
  fc.record({
    pack: fc.nat(3),
    length: fc.integer({ min: 33, max: 3_000_000 }),
    gap: fc.constantFrom(0, 0, 0, 400_000),
  }),
  { minLength: 1, maxLength: 40 },
);
const files = fc.array(fc.array(fc.nat(39), { maxLength: 12 }), { minLength: 1, maxLength: 30 });

function tableOf(all: readonly Blob[]): BlobTable {
  const table = BlobTable.create(100, 10);
  for (let pack = 0; pack < 4; pack++) table.addPack(sha256(Buffer.from(`pack ${pack}`)));
  const ends = [0, 0, 0, 0];
  all.forEach(({ pack, length, gap }, at) => {
    const offset = ends[pack]! + gap;
    table.add(sha256(Buffer.from(`${at}`)), DATA, { pack, offset, length, rawLength: 0 });
    ends[pack] = offset + length;
  });
  return table;
}

function availableIn(table: BlobTable) {
  return {
    find: (id: string) => table.find(Buffer.from(id, 'hex'), DATA),
    explain: (): never => assert.fail('nothing is missing'),
  };
}

test('every use is served by exactly one read, which covers its blob', () => {
  fc.assert(
    fc.property(blobs, files, (all, wanted) => {
      const table = tableOf(all);
      const contents = wanted.map((numbers) =>
        numbers.map((number) => sha256Hex(Buffer.from(`${number % all.length}`))),
      );
      const uses = planUses(contents, table, availableIn(table));
      const served: number[] = [];
      for (const { pack, offset, length, from, to } of readsOf(uses, table)) {
        assert.ok(to > from && to - from <= 512);
        for (let at = from; at < to; at++) {
          const use = uses.order[at]!;
          const entry = uses.entries[use]!;
          served.push(use);
          assert.equal(table.packOf(entry), pack);
          assert.ok(
            table.offsetOf(entry) >= offset && table.offsetOf(entry) + table.lengthOf(entry) <= offset + length,
          );
        }
        assert.ok(length <= READ_BYTES, `${length} bytes at once`);
      }
      assert.deepEqual(
        served.toSorted((a, b) => a - b),
        Array.from(Array(uses.count).keys()),
      );
      assert.deepEqual(
        Array.from(uses.perFile),
        contents.map((ids) => ids.length),
      );
    }),
    { numRuns: 100 },
  );
});

test('a file with a blob that is not to be had has no uses', () => {
  const table = tableOf([{ pack: 0, length: 100, gap: 0 }]);
  const known = sha256Hex(Buffer.from('0'));
  const unknown = sha256Hex(Buffer.from('unknown'));
  const uses = planUses([[known, unknown], [known], []], table, availableIn(table));
  assert.deepEqual(Array.from(uses.perFile), [-1, 1, 0]);
  assert.deepEqual([uses.count, uses.files[0], uses.sizes[1]], [1, 1, 68]);
});

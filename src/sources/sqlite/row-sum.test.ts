import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openRowSum, type SqlValue } from './row-sum.ts';

function sumOf(rows: readonly (readonly SqlValue[])[]): string {
  const sum = openRowSum();
  for (const row of rows) sum.add(row);
  return sum.checksum();
}

const value = fc.oneof(
  fc.constant(null),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array(),
);
const rows = fc.array(fc.array(value, { minLength: 1, maxLength: 5 }), { maxLength: 20 });

/** The definition itself, slowly. */
function reference(all: readonly (readonly SqlValue[])[]): string {
  let total = 0n;
  for (const row of all) {
    const digest = createHash('sha256')
      .update(Buffer.concat(row.map(encode)))
      .digest();
    total += BigInt(`0x${Buffer.from(digest).reverse().toString('hex')}`);
  }
  return (total % 2n ** 256n).toString(16).padStart(64, '0');
}

function encode(each: SqlValue): Buffer {
  if (each === null) return Buffer.of(0);
  const head = Buffer.alloc(9);
  if (typeof each === 'bigint') head.writeBigInt64LE(each, 1);
  if (typeof each === 'number') head.writeDoubleLE(each, 1);
  head[0] = typeof each === 'bigint' ? 1 : 2;
  if (typeof each === 'bigint' || typeof each === 'number') return head;
  const bytes = typeof each === 'string' ? Buffer.from(each) : Buffer.from(each);
  head[0] = typeof each === 'string' ? 3 : 4;
  head.writeBigUInt64LE(BigInt(bytes.length), 1);
  return Buffer.concat([head, bytes]);
}

test('the sum is what its definition says, in any order of the rows', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const expected = reference(all);
      assert.equal(sumOf(all), expected);
      assert.equal(sumOf(all.toReversed()), expected);
    }),
  );
});

test('values of different types or borders never count as equal', () => {
  const different: SqlValue[][] = [
    [null],
    [0n],
    [0],
    [''],
    [new Uint8Array()],
    ['0'],
    [Buffer.from('0')],
    [1n],
    [1],
    ['a', 'b'],
    ['ab', ''],
    ['', 'ab'],
    ['a', null, 'b'],
    [2n ** 53n],
    [2n ** 53n + 1n],
  ];
  assert.equal(new Set(different.map((row) => sumOf([row]))).size, different.length);
});

test('a row that is there twice is not the same as one that is not there', () => {
  assert.notEqual(sumOf([['a'], ['a']]), sumOf([]));
  assert.notEqual(sumOf([['a'], ['a']]), sumOf([['a']]));
});

test('large values are hashed like small ones', () => {
  for (const length of [21_000, 22_000, 65_527, 65_528, 70_000, 300_000]) {
    const row = ['ü'.repeat(length), 5n, new Uint8Array(length).fill(7), null, 0.5];
    assert.equal(sumOf([row]), reference([row]), String(length));
  }
});

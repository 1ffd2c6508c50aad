import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isIrreducible, randomPolynomial } from './polynomial.ts';

test('small polynomials are told apart as the tables do', () => {
  const irreducible = [0b10n, 0b11n, 0b111n, 0b1011n, 0b1101n, 0b10011n, 0b11111n, 0b100101n, 0x11bn];
  for (const polynomial of irreducible) assert.ok(isIrreducible(polynomial), polynomial.toString(2));
  const reducible = [0n, 1n, 0b100n, 0b101n, 0b110n, 0b1001n, 0b1111n, 0b10101n, 0b10001n, 0x101n];
  for (const polynomial of reducible) assert.ok(!isIrreducible(polynomial), polynomial.toString(2));
});

test("the polynomial of restic's own documentation is irreducible, its neighbour is not", () => {
  assert.ok(isIrreducible(0x25b468838dcb75n));
  assert.ok(!isIrreducible(0x25b468838dcb74n));
});

test('a random polynomial is irreducible and of degree 53', () => {
  const polynomial = randomPolynomial();
  assert.ok(isIrreducible(polynomial));
  assert.equal(polynomial.toString(2).length, 54);
});

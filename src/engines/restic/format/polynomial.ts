/**
 * restic splits files at boundaries found with a random irreducible polynomial over GF(2) that the repository's `config` names, and
 * refuses a repository without one. Polynomials are bigints: bit i is the coefficient of xⁱ.
 */
import { randomBytes } from '../../../base/ids.ts';

/** The degree that restic uses. */
const DEGREE = 53;

/** A random irreducible polynomial of degree 53. About one in 27 candidates is irreducible. */
export function randomPolynomial(): bigint {
  for (;;) {
    const candidate =
      BigInt.asUintN(DEGREE, BigInt(`0x${randomBytes(8).toString('hex')}`)) | (1n << BigInt(DEGREE)) | 1n;
    if (isIrreducible(candidate)) return candidate;
  }
}

/** Ben-Or's test: f has no factor of degree i when gcd(f, x^(2^i) − x) is 1, for all i up to half its degree. */
export function isIrreducible(polynomial: bigint): boolean {
  const degree = degreeOf(polynomial);
  if (degree < 1) return false;
  const x = remainder(2n, polynomial);
  let power = x;
  for (let i = 1; i <= degree >> 1; i++) {
    power = remainder(square(power), polynomial);
    if (greatestCommonDivisor(polynomial, power ^ x) !== 1n) return false;
  }
  return true;
}

function degreeOf(polynomial: bigint): number {
  return polynomial === 0n ? -1 : polynomial.toString(2).length - 1;
}

function remainder(dividend: bigint, divisor: bigint): bigint {
  const degree = degreeOf(divisor);
  let rest = dividend;
  for (let at = degreeOf(rest); at >= degree; at = degreeOf(rest)) rest ^= divisor << BigInt(at - degree);
  return rest;
}

/** Squaring over GF(2) spreads the bits: the square of xⁱ is x²ⁱ and mixed terms cancel. */
function square(polynomial: bigint): bigint {
  return BigInt(`0b${polynomial.toString(2).split('').join('0')}`);
}

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  while (right !== 0n) [left, right] = [right, remainder(left, right)];
  return left;
}

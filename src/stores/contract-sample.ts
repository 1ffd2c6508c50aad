/** What the checks of the contract are made with. */
import assert from 'node:assert/strict';
import { hasCode } from '../base/errors.ts';
import type { How, Store } from './store.ts';

/** Promises by name; each gets an empty store. */
export type StoreChecks = Readonly<Record<string, (store: Store) => Promise<void>>>;

/** For calls that nothing ends. */
export const how: How = { signal: new AbortController().signal };

/** Bytes that differ from place to place, also over many parts, and from size to size. */
export function sample(sizeBytes: number, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  const first = Math.imul(sizeBytes + seed * 7919, 0x85eb_ca6b);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (first + Math.imul(at, 0x9e37_79b1)) >>> 24;
  return bytes;
}

export async function* pieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

export async function keys(store: Store, prefix: string, listHow: How = how): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix, listHow)) found.push(key);
  return found.sort();
}

export async function rejects(outcome: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(outcome, (error) => hasCode(error, code) || assert.fail(`${String(error)} is not ${code}`));
}

/** Equality of big bodies, without an output of all that differs. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  if (actual.length !== expected.length) assert.fail(`${what} has ${actual.length} bytes, not ${expected.length}`);
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.fail(`${what} differs from byte ${at} on`);
}

/** Calls `work` for every item, so many at once. */
export async function inParallel<T>(
  items: readonly T[],
  places: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  const lanes = Array.from({ length: places }, async () => {
    for (const item of rest) await work(item);
  });
  await Promise.all(lanes);
}

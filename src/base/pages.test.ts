import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePages, makeSharedPages, PAGE_BYTES } from './pages.ts';

test('pages have the size that was asked for, are zeroed and can be shared', () => {
  const own = new Uint8Array(makePages(3 * PAGE_BYTES));
  const shared = makeSharedPages(2 * PAGE_BYTES);
  assert.equal(own.length, 3 * PAGE_BYTES);
  assert.ok(own.every((byte) => byte === 0));
  assert.equal(shared.byteLength, 2 * PAGE_BYTES);
  assert.ok(shared instanceof SharedArrayBuffer);
});

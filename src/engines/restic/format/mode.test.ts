import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { goMode, permissions } from './mode.ts';

test('modes are the numbers that restic stores', () => {
  assert.equal(goMode('file', 0o644), 420);
  assert.equal(goMode('dir', 0o755), 2147484141);
  assert.equal(goMode('dir', 0o1777), 2148532735);
  assert.equal(goMode('symlink', 0o777), 134218239);
  assert.equal(goMode('fifo', 0o644), 33554852);
  assert.equal(goMode('chardev', 0o666), 69206454);
  assert.equal(goMode('file', 0o4755), 8389101);
});

test('permission bits come back from every mode', () => {
  const types = fc.constantFrom('file', 'dir', 'symlink', 'dev', 'chardev', 'fifo', 'socket' as const);
  fc.assert(
    fc.property(types, fc.integer({ min: 0, max: 0o7777 }), (type, mode) => {
      assert.equal(permissions(goMode(type, mode)), mode);
    }),
  );
});

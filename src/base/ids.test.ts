import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newRecoveryPointId, randomBytes, randomHex } from './ids.ts';

test('a recovery point id holds the time it started', () => {
  const id = newRecoveryPointId(new Date('2026-11-20T03:07:00.123Z'));
  assert.match(id, /^20261120T030700Z-[0-9a-f]{4}$/);
});

test('random values have the asked length and differ', () => {
  assert.equal(randomBytes(32).length, 32);
  assert.match(randomHex(8), /^[0-9a-f]{16}$/);
  assert.notEqual(randomHex(16), randomHex(16));
});

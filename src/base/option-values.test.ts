import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationValue, waitValue } from './option-values.ts';

test('what a timer waits for is never longer than it can wait', () => {
  assert.equal(durationValue.parse('60d'), 60 * 86_400_000);
  assert.equal(waitValue.parse('60d'), 2 ** 31 - 1);
  assert.equal(waitValue.parse('15s'), 15_000);
});

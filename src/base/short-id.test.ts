import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortId } from './short-id.ts';

test('hex digits of a hash are cut, ids that were made to be read are not', () => {
  assert.equal(shortId('0123456789abcdef'.repeat(4)), '01234567');
  assert.equal(shortId('database_20241122_020000'), 'database_20241122_020000');
  assert.equal(shortId(''), '');
});

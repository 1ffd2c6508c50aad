import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { hasCode, messageOf, SuretyError, systemCode } from './errors.ts';

test('the code of the system is that of a native error, not one of ours', () => {
  try {
    statSync('/nowhere/at/all');
    assert.fail();
  } catch (error) {
    assert.equal(systemCode(error), 'ENOENT');
    assert.equal(systemCode(new SuretyError('store.not-found', 'there is no such key', { cause: error })), undefined);
  }
  for (const thrown of [undefined, null, 'ENOENT', new Error('no code'), { code: 4 }]) {
    assert.equal(systemCode(thrown), undefined);
  }
});

test('an error of ours is known by its code', () => {
  const error = new SuretyError('store.full', 'the disk is full');
  assert.equal(hasCode(error, 'store.denied', 'store.full'), true);
  assert.equal(hasCode(error, 'store.denied'), false);
  assert.equal(hasCode({ code: 'store.full' }, 'store.full'), false);
  assert.equal(error.retry, 'never');
});

test('anything that is thrown has a message', () => {
  assert.deepEqual([messageOf(new Error('broken')), messageOf('broken'), messageOf(7)], ['broken', 'broken', '7']);
});

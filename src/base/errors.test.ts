import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { hasCode, messageOf, printable, SuretyError, systemCode } from './errors.ts';

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

test('what a server said can not steer the terminal that shows it', () => {
  const error = new SuretyError('store.denied', 'it said: \u001b[2Jgone\u0007\r\nnext\tline', {
    hint: 'ask \u009b31m',
  });
  assert.equal(error.message, 'it said: \\x1b[2Jgone\\x07\nnext\tline');
  assert.equal(error.hint, 'ask \\x9b31m');
  assert.equal(printable('a\rb\u202ec'), 'a\\x0db\\u202ec');
  assert.equal(printable('Überprüfung – 備份'), 'Überprüfung – 備份');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../../base/errors.ts';
import { toTargetError } from './target-error.ts';

const native = (code: string): Error => Object.assign(new Error(code), { code });
const ours = (code: string, cause: Error): SuretyError => new SuretyError(code, 'it happened', { cause });

test('what went wrong in the repository is not blamed on the target', () => {
  for (const error of [ours('store.denied', native('EACCES')), ours('store.full', native('ENOSPC'))]) {
    assert.equal(toTargetError(error, '/data/app.db'), error);
  }
});

test('a full disk and missing rights at the target are told apart, however deep they are', () => {
  for (const error of [native('ENOSPC'), ours('target.full', native('x')), ours('target.failed', native('EDQUOT'))]) {
    assert.equal((toTargetError(error, '/data/app.db') as SuretyError).code, 'target.full');
  }
  const denied = toTargetError(native('EACCES'), '/data/app.db') as SuretyError;
  assert.equal(denied.code, 'target.denied');
  assert.match(denied.message, /\/data\/app\.db/);
});

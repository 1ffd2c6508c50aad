import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../../../base/errors.ts';
import { failure } from './commands.ts';

test('what failed for a connection that broke off is worth another attempt', () => {
  const retry = (program: string, code: number | null, error?: Error) =>
    failure([program], 'copy', '', { code, signal: null, error }).retry;
  const broken = new SuretyError('reach.unreachable', 'the host is down', { retry: 'later' });
  assert.deepEqual(
    [retry('rsync', 12), retry('rsync', 255), retry('mkdir', null, broken), retry('rsync', 11), retry('mkdir', 12)],
    ['later', 'later', 'later', 'never', 'never'],
  );
  assert.deepEqual(
    [10, 30, 35, 20, 23, 24].map((code) => retry('rsync', code)),
    ['later', 'later', 'later', 'never', 'never', 'never'],
  );
});

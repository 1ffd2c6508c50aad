import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../base/errors.ts';
import { toSuretyError } from './failure.ts';

const running = new AbortController().signal;

test('what closing has to say after a failure is told first, also after an interrupt', async () => {
  const attempt = async (failure: unknown) => {
    await using _ = {
      async [Symbol.asyncDispose]() {
        throw new SuretyError('service.not-started', 'the service is down', { hint: 'start it' });
      },
    };
    throw failure;
  };
  const interrupted = AbortSignal.abort(new Error('stop'));
  for (const [failure, signal] of [
    [new SuretyError('source.failed', 'stop'), running],
    [interrupted.reason, interrupted],
  ] as const) {
    const thrown = await attempt(failure).catch((error: unknown) => error);
    const { code, message, hint } = toSuretyError(thrown, 'source a', signal);
    assert.deepEqual(
      [code, message, hint],
      ['service.not-started', 'source a: the service is down; before that: stop', 'start it'],
    );
  }
});

test('a close that fails in a way of its own does not hide the failure', () => {
  const both = new SuppressedError(new Error('EBADF'), new SuretyError('store.full', 'no room'), 'closing');
  assert.equal(toSuretyError(both, 'source a', running).code, 'store.full');
});

test('a file of the program that is missing is said to be made anew, anything else to be reported', () => {
  const missing = Object.assign(new Error("Cannot find module 'dist/a.mjs'"), { code: 'ERR_MODULE_NOT_FOUND' });
  assert.match(toSuretyError(missing, 'list', running).hint ?? '', /npm run setup/);
  assert.match(toSuretyError(new Error('what'), 'list', running).hint ?? '', /defect/);
});

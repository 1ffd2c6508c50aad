import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuretyError } from '../../base/errors.ts';
import { toSuretyError } from '../../operations/failure.ts';
import { renderError } from './error.ts';

const signal = new AbortController().signal;

const native = Object.assign(new Error('EACCES: permission denied, open /backup/vault/config'), { code: 'EACCES' });
native.stack = `${native}\n    at open (node:fs:1:1)`;
const denied = new SuretyError('store.denied', 'can not read config in /backup/vault: permission denied', {
  hint: 'run as a user who may read it',
  cause: native,
  details: { key: 'config' },
});

const errors = {
  'a plain failure': new SuretyError('source.missing', 'source media: /srv/media does not exist', {
    hint: 'mount it, or correct its path',
  }),
  'an error without a hint': new SuretyError('restore.unconfirmed', 'nothing was restored: the answer was not yes'),
  'an error with context and causes': toSuretyError(denied, 'repository vault', signal),
  'an error of many lines': new SuretyError(
    'config.invalid',
    'surety.yaml has 1 error\nsurety.yaml:3:5 jobs.nightly.to[0]: there is no repository named valut; did you mean vault',
    { hint: 'correct the file' },
  ),
};

for (const [what, error] of Object.entries(errors)) {
  test(`${what} is rendered for people, and with its causes only when asked`, (t) => {
    t.assert.snapshot(renderError(error, { verbose: false }).split('\n'));
    t.assert.snapshot(renderError(error, { verbose: true }).split('\n'));
  });
}

test('a defect says that it is one, and shows where it is only when asked', () => {
  const defect = toSuretyError(new TypeError('x is not a function'), 'unexpected', signal);
  const text = renderError(defect, { verbose: false });
  assert.equal(text.split('\n')[0], 'surety: unexpected: x is not a function');
  assert.match(text, /hint: this is a defect of Surety/);
  assert.doesNotMatch(text, / at /);
  assert.match(renderError(defect, { verbose: true }), /caused by: x is not a function\n {2}at .*error\.test\.ts/);
});

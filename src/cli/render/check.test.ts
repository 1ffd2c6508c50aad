import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check } from '../../operations/check.ts';
import { checkText } from './check.ts';

const how = { file: '/etc/surety.yaml', doubts: false, colors: false };
const readable: Check = { subject: 'source db', what: 'readable', status: 'ok', detail: 'db on main', hint: undefined };

test('what to do stands below what failed, and the end says how many did', () => {
  const failed: Check = { ...readable, status: 'failed', detail: 'there is no database shup', hint: 'there are: shop' };
  assert.deepEqual(checkText({ outcome: 'failed', checks: [failed, readable] }, how).split('\n'), [
    'configuration /etc/surety.yaml',
    'failed  source db  readable  there is no database shup',
    '    hint: there are: shop',
    'ok      source db  readable  db on main',
    '1 check failed.',
    '',
  ]);
});

test('where nothing failed, it is said how well all is', () => {
  const end = (checks: readonly Check[], doubts = false) =>
    checkText({ outcome: 'ok', checks }, { ...how, doubts })
      .split('\n')
      .at(-2);
  assert.equal(end([readable]), 'All is well.');
  assert.equal(end([readable, { ...readable, status: 'note' }]), 'All is well for the next backup.');
  assert.equal(end([readable], true), 'All is well but for the warnings.');
});

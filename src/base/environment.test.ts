import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostName, programVersion, userName, variable, variables } from './environment.ts';

test('an unset variable is undefined and an empty one is empty', () => {
  assert.equal(variable('SURETY_TEST_UNSET_VARIABLE'), undefined);
  process.env.SURETY_TEST_VARIABLE = '';
  assert.equal(variable('SURETY_TEST_VARIABLE'), '');
  delete process.env.SURETY_TEST_VARIABLE;
});

test('the copy of the variables is a copy', () => {
  variables().SURETY_TEST_COPY = 'x';
  assert.equal(variable('SURETY_TEST_COPY'), undefined);
});

test('program, host and user have names', () => {
  assert.match(programVersion(), /^\d+\.\d+\.\d+/);
  assert.notEqual(hostName(), '');
  assert.notEqual(userName(), '');
});

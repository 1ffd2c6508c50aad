import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { isRunning } from './running.ts';

test('this process and the first one run, one that ended does not', () => {
  assert.equal(isRunning(process.pid), true);
  assert.equal(isRunning(1), true);
  assert.equal(isRunning(spawnSync('true').pid), false);
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { isRunning } from './running.ts';

test('this process and the first one run, one that ended does not', () => {
  assert.equal(isRunning(process.pid), true);
  assert.equal(isRunning(1), true);
  assert.equal(isRunning(spawnSync('true').pid), false);
});

test('one that ended does not run, even when its parent never asks about it', async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => parent.kill());
  const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(printed.toString());
  assert.equal(isRunning(child), true);
  const deadline = Date.now() + 5000;
  while (isRunning(child) && Date.now() < deadline) await setTimeout(50);
  assert.equal(isRunning(child), false);
  assert.doesNotThrow(() => process.kill(child, 0), 'it is still in the process table');
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { endOf, firstOutputOf } from '../../test/fixtures/child-end.ts';
import { lockRun } from './run-lock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'surety-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a lock is held by one at a time, and each name has its own', () => {
  {
    using _held = lockRun(join(folder, 'locks'), 'nightly');
    assert.throws(() => lockRun(join(folder, 'locks'), 'nightly'), { code: 'run.busy', retry: 'later' });
    using _other = lockRun(join(folder, 'locks'), 'hourly');
  }
  using _again = lockRun(join(folder, 'locks'), 'nightly');
});

test('the lock of a process that was killed is gone with it', async () => {
  const code = `
    import { lockRun } from ${JSON.stringify(join(import.meta.dirname, 'run-lock.ts'))};
    globalThis.held = lockRun(${JSON.stringify(folder)}, 'nightly');
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstOutputOf(child);
  assert.throws(() => lockRun(folder, 'nightly'), { code: 'run.busy' });
  child.kill('SIGKILL');
  await endOf(child);
  using _lock = lockRun(folder, 'nightly');
});

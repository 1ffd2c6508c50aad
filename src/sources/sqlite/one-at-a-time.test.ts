import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { holdPlace } from './one-at-a-time.ts';

const FOREVER = new AbortController().signal;
const HOLD = `
  const { holdPlace } = await import(${JSON.stringify(new URL('./one-at-a-time.ts', import.meta.url).href)});
  await holdPlace(process.argv[1], new AbortController().signal);
  console.log('held');
  setInterval(() => {}, 1000);
`;

test('one holds the place of a database at a time, by whatever way it is reached', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-place-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'a'));
  symlinkSync('a', join(folder, 'link'));
  const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLD, join(folder, 'a', 'app.db')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  await using _other = await holdPlace(join(folder, 'a', 'other.db'), FOREVER);
  const given = new AbortController();
  const waiting = holdPlace(join(folder, 'link', 'app.db'), given.signal);
  given.abort(new Error('given up'));
  await assert.rejects(waiting, /given up/);
  const next = holdPlace(join(folder, 'link', 'app.db'), FOREVER);
  let isHeld = false;
  void next.then(() => {
    isHeld = true;
  });
  await holdPlace(join(folder, 'a', 'third.db'), FOREVER).then((held) => held[Symbol.asyncDispose]());
  assert.equal(isHeld, false);
  holder.kill('SIGKILL');
  await (await next)[Symbol.asyncDispose]();
  await using _again = await holdPlace(join(folder, 'a', 'app.db'), FOREVER);
});

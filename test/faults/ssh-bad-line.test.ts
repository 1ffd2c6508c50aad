import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { expectSuccess } from '../fixtures/run-program.ts';
import type { BadLineResult } from '../fixtures/ssh-over-bad-line.ts';
import { SSH_PROGRAMS } from '../fixtures/ssh-server.ts';

const skip = skipUnlessRoot() || skipWithout(...SSH_PROGRAMS, 'unshare', 'ip', 'nft');

test('over a line that loses packets all bytes arrive; one that lets nothing through is given up, and made anew', {
  skip,
}, async () => {
  const script = join(import.meta.dirname, '..', 'fixtures', 'ssh-over-bad-line.ts');
  const stdout = await expectSuccess(['unshare', '-n', process.execPath, script]);
  const { lossy, cut, again }: BadLineResult = JSON.parse(stdout);
  assert.equal(lossy.came, lossy.sent);
  assert.deepEqual(lossy.exit, { code: 0, signal: null });
  assert.deepEqual([cut.code, cut.exitCode], ['reach.unreachable', null]);
  assert.ok(cut.afterMs > 2000, `${cut.afterMs} ms`);
  assert.equal(again, 'again\n');
});

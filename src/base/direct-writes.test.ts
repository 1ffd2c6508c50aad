import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDirectRefused } from './direct-writes.ts';

test('a refusal of the direct way is told from a failure of the write', () => {
  const failing = (code: string) => Object.assign(new Error(code), { code });
  for (const code of ['EINVAL', 'EOPNOTSUPP']) assert.ok(isDirectRefused(failing(code)), code);
  for (const code of ['ENOSPC', 'EIO', 'ENOENT']) assert.ok(!isDirectRefused(failing(code)), code);
  assert.ok(!isDirectRefused(new Error('stopped')));
});

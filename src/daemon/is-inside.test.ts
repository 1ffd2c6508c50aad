import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isInside } from './is-inside.ts';

test('what is inside of a folder is found through links, also where it does not exist yet', (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'inside-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const vault = join(scratch, 'vault');
  mkdirSync(join(vault, 'data'), { recursive: true });
  symlinkSync('vault/data', join(scratch, 'link'));
  for (const name of ['vault', 'vault/data', 'vault/new/folder', 'link', 'link/new']) {
    assert.equal(isInside(vault, join(scratch, name)), true, name);
  }
  for (const name of ['', 'vault-2', 'new/folder']) assert.equal(isInside(vault, join(scratch, name)), false, name);
  assert.equal(isInside(join(scratch, 'none'), join(scratch, 'none')), false);
});

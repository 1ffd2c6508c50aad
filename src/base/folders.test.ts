import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolders } from './folders.ts';

test('folders are made with what is missing above them, once', (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'folders-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  assert.equal(makeFolders(join(scratch, 'a', 'b', 'c'), 0o700), join(scratch, 'a'));
  assert.equal(statSync(join(scratch, 'a', 'b')).mode & 0o777, 0o700);
  assert.equal(makeFolders(join(scratch, 'a', 'b', 'c')), undefined);
  assert.equal(makeFolders('/'), undefined);
});

test('a file in the way is an error', (t) => {
  const scratch = mkdtempSync(join(tmpdir(), 'folders-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  writeFileSync(join(scratch, 'file'), '');
  assert.throws(() => makeFolders(join(scratch, 'file')), { code: 'EEXIST' });
  assert.throws(() => makeFolders(join(scratch, 'file', 'below')), { code: 'ENOTDIR' });
});

test('where the system makes no folders it ends with an error, not never', () => {
  const module = JSON.stringify(new URL('folders.ts', import.meta.url).href);
  const program = `
    const { makeFolders } = await import(${module});
    try { makeFolders('/proc/none/below'); } catch (error) { console.log(error.code); }`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
    encoding: 'utf8',
  });
  assert.equal(output, 'ENOENT\n');
});

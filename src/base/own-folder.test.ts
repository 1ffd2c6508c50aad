import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isOwnFolder } from './own-folder.ts';
import { replaceFile } from './replace-file.ts';

test('a folder is one of its own when nobody else can make files in it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-own-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [own, open, link, file] = ['own', 'open', 'link', 'file'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(own, { mode: 0o755 });
  mkdirSync(open);
  chmodSync(open, 0o777);
  symlinkSync(own, link);
  writeFileSync(file, '');
  const answers = [own, open, link, file, join(folder, 'missing')].map(isOwnFolder);
  assert.deepEqual(answers, [true, false, false, false, false]);
});

test('a file is replaced without following a link that stands where it is begun', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-own-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [file, precious] = [join(folder, 'state'), join(folder, 'precious')];
  writeFileSync(precious, 'keep me');
  symlinkSync(precious, `${file}.unfinished`);
  replaceFile(file, 'new');
  assert.equal(readFileSync(file, 'utf8'), 'new');
  assert.equal(readFileSync(precious, 'utf8'), 'keep me');
});

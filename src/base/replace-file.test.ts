import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from './replace-file.ts';

function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'surety-replace-'));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a file that is replaced has the new text, and nothing stays beside it', () => {
  inFolder((folder) => {
    const file = join(folder, 'a', 'b', 'note.json');
    replaceFile(file, 'a long text to begin with');
    replaceFile(file, 'short');
    assert.equal(readFileSync(file, 'utf8'), 'short');
    assert.deepEqual(readdirSync(join(folder, 'a', 'b')), ['note.json']);
  });
});

test('nobody else may read the file or enter its folders', () => {
  inFolder((folder) => {
    replaceFile(join(folder, 'a', 'note.json'), 'mine');
    assert.equal(statSync(join(folder, 'a', 'note.json')).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o700);
  });
});

test('where a file can not be written, the old one stays', () => {
  inFolder((folder) => {
    const file = join(folder, 'note.json');
    replaceFile(file, 'old');
    mkdirSync(`${file}.unfinished`);
    assert.throws(() => replaceFile(file, 'new'), { code: 'EISDIR' });
    assert.equal(readFileSync(file, 'utf8'), 'old');
  });
});

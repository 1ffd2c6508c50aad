import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { variables } from './environment.ts';
import { freeSpaceScript } from './free-space-script.ts';

function run(path = ''): string {
  const env = { ...variables(), PATH: `${path}:${variables().PATH}` };
  return spawnSync('sh', ['-c', freeSpaceScript('"$1"'), 'sh', tmpdir()], { encoding: 'utf8', env }).stdout;
}

test('the free space of a folder is a number of KiB', () => {
  assert.match(run(), /^[1-9][0-9]*\n$/);
});

test('what is mounted may have spaces in its name, and may not tell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-df-'));
  const says = (line: string): void => {
    writeFileSync(
      join(folder, 'df'),
      `#!/bin/sh\necho 'Filesystem 1024-blocks Used Available Capacity Mounted on'\necho '${line}'\n`,
    );
    chmodSync(join(folder, 'df'), 0o755);
  };
  try {
    says('//nas/my share 2000 1500 500 75% /mnt/my share');
    assert.equal(run(folder), '500\n');
    says('proc 0 0 0 - /proc');
    assert.equal(run(folder), '');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseStat, STAT_LINE } from './far-stat.ts';

test('the line says what the system says of the file, and nothing of one that is not there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'surety-far-stat-'));
  try {
    const file = join(folder, 'a file');
    writeFileSync(file, 'five!', { mode: 0o640 });
    utimesSync(file, 1, 1_700_000_000.25);
    const script = `${STAT_LINE}\nstat_line "$1"; stat_line "$1.gone"`;
    const { stdout } = spawnSync('sh', ['-c', script, 'sh', file], { encoding: 'utf8' });
    const [there = '', gone = ''] = stdout.split('\n');
    const stats = statSync(file, { bigint: true });
    const found = parseStat(there);
    assert.deepEqual([found?.type, found?.mode, found?.sizeBytes, found?.links], ['file', 0o640, 5, 1]);
    assert.deepEqual([found?.inode, found?.device, found?.mtimeNs], [stats.ino, stats.dev, stats.mtimeNs]);
    assert.equal(parseStat(gone), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('names of groups may have spaces in them, and ids without a name have none', () => {
  const line = '81a4 1000 513 1700000000.250000000 1700000000 5 12 64769 1';
  const found = parseStat(`${line} LAB\\\\ada:domain users`);
  assert.deepEqual([found?.user, found?.group, found?.sizeBytes], ['LAB\\\\ada', 'domain users', 5]);
  assert.deepEqual([parseStat(`${line} UNKNOWN:513`)?.user, parseStat(`${line} UNKNOWN:513`)?.group], ['', '']);
});

test('what can not be understood is not taken for a file that is not there', () => {
  for (const line of ['', 'stat: unknown option', '81a4 1000 513']) {
    assert.throws(() => parseStat(line), { code: 'source.failed' });
  }
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { openPrivateFolder } from './private-folder.ts';

describe('a private folder', () => {
  let below = '';
  beforeEach(() => {
    below = mkdtempSync(join(tmpdir(), 'surety-private-'));
  });
  afterEach(() => rmSync(below, { recursive: true }));

  test('is for its user only, and goes with what is in it', async () => {
    const folder = await openPrivateFolder('postgres', below);
    assert.equal(statSync(folder.path).mode & 0o777, 0o700);
    writeFileSync(join(folder.path, 'dump'), 'x');
    await folder[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(below), []);
  });

  test('of a run that was killed is removed by the next one of the same purpose, and nothing else is', async () => {
    const ended = spawnSync('true').pid;
    const nameOf = (path: string, id: number) => path.replace(`-${process.pid}-`, `-${id}-`);
    await using mine = await openPrivateFolder('postgres', below);
    const left = nameOf(mine.path, ended);
    const ofOthers = [
      nameOf(mine.path, process.ppid),
      left.replace('-postgres-', '-archive-'),
      left.replace(/-[0-9a-f]{8}-/, '-00000000-'),
      join(below, '.surety-postgres-notes'),
    ];
    for (const path of [left, ...ofOthers]) mkdirSync(path);
    writeFileSync(join(left, 'dump'), 'x');
    await using _other = await openPrivateFolder('postgres', below);
    assert.equal(existsSync(left), false);
    for (const path of [mine.path, ...ofOthers]) assert.ok(existsSync(path), path);
  });
});

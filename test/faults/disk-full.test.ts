import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasCode } from '../../src/base/errors.ts';
import { skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { resticFor } from '../fixtures/restic.ts';
import { backUp, makeRepository, makeSource, openSample, PASSWORD } from './sample-repository.ts';
import { mountSmallDisk } from './small-disk.ts';

const how = { signal: new AbortController().signal };
const skip = skipUnlessRoot() || skipWithout('mount', 'restic');

test('a backup on a full disk fails, leaves a sound repository, and goes on when there is room', {
  skip,
}, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'surety-full-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  await using disk = await mountSmallDisk('size=2m');
  const sample = { source: join(folder, 'source'), repository: join(disk.path, 'vault') };
  const restic = resticFor(sample.repository, PASSWORD);
  makeSource(sample);
  await makeRepository(sample);

  await using engine = await openSample(sample);
  await assert.rejects(backUp(engine, sample), (error) => {
    assert.ok(hasCode(error, 'store.full'), String(error));
    assert.match(error.hint ?? '', /free on the file system of/);
    return true;
  });
  assert.deepEqual((await engine.list(how)).snapshots, []);
  assert.deepEqual((await engine.verify({ ...how, depth: 'data' })).problems, []);
  await restic.run('check', '--read-data', '--no-lock', '--no-cache');

  await disk.remount('size=64m');
  const { stats } = await backUp(engine, sample);
  assert.equal(stats.filesNew, 32);
  assert.deepEqual((await engine.verify({ ...how, depth: 'data' })).problems, []);
  // No lock was left behind: this check takes one for itself.
  await restic.run('check', '--read-data', '--no-cache');
});

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithout } from '../fixtures/programs.ts';
import { resticFor } from '../fixtures/restic.ts';
import { runCrashChild } from './crash.ts';
import {
  backUp,
  changeSource,
  makeRepository,
  makeSource,
  openSample,
  PASSWORD,
  sampleIn,
} from './sample-repository.ts';

const how = { signal: new AbortController().signal };
const workOf = (name: string) => new URL(`./children/${name}.ts`, import.meta.url).href;
const skip = skipWithout('restic');

test('two backups at once both succeed', { skip }, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'surety-at-once-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const sample = sampleIn(folder);
  makeSource(sample);
  await makeRepository(sample);
  const run = { module: workOf('backup'), input: sample, plan: { faults: [] } };
  const done = await Promise.all([runCrashChild(run), runCrashChild(run)]);
  for (const { code, stderr } of done) assert.equal(code, 0, stderr);
  await using engine = await openSample(sample);
  assert.equal((await engine.list(how)).snapshots.length, 2);
  assert.deepEqual((await engine.verify({ ...how, depth: 'data' })).problems, []);
  await resticFor(sample.repository, PASSWORD).run('check', '--read-data', '--no-cache');
});

test('a backup and a clean-up at once: one of them waits its turn or says that the repository is locked', {
  skip,
}, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'surety-at-once-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const sample = sampleIn(folder);
  makeSource(sample);
  await makeRepository(sample);
  {
    await using engine = await openSample(sample);
    await backUp(engine, sample, new Date('2026-01-01T03:00:00Z'));
    changeSource(sample);
    await backUp(engine, sample, new Date('2026-01-02T03:00:00Z'));
  }
  // Every put takes its time, so that both are at work for long enough to meet.
  const plan = { faults: [{ calls: ['put' as const], action: { kind: 'delay' as const, durationMs: 150 } }] };
  const done = await Promise.all(
    ['backup', 'clean-up'].map((name) => runCrashChild({ module: workOf(name), input: sample, plan })),
  );
  for (const { code, stderr } of done) if (code !== 0) assert.match(stderr, /repository\.locked/);
  await using engine = await openSample(sample);
  assert.deepEqual((await engine.verify({ ...how, depth: 'data' })).problems, []);
  await resticFor(sample.repository, PASSWORD).run('check', '--read-data', '--no-cache');
});

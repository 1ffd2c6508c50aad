import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hasCode } from '../../src/base/errors.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { locate, skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { resticFor } from '../fixtures/restic.ts';
import { copyAll } from './copy-sample.ts';
import { crashAtEveryWrite } from './crash.ts';
import {
  backUp,
  changeSource,
  copyRepository,
  makeRepository,
  makeSource,
  openSample,
  PASSWORD,
  type Sample,
  sampleIn,
} from './sample-repository.ts';
import { mountSmallDisk } from './small-disk.ts';

const how = { signal: new AbortController().signal };

let folder: string;
/** Two snapshots, and an empty repository beside them. */
let from: Sample;
let empty: Sample;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surety-copy-killed-'));
  from = sampleIn(join(folder, 'from'));
  empty = { source: from.source, repository: join(folder, 'empty') };
  makeSource(from);
  await makeRepository(from);
  await makeRepository(empty);
  await using engine = await openSample(from);
  await backUp(engine, from, new Date('2026-01-01T03:00:00Z'));
  changeSource(from);
  await backUp(engine, from, new Date('2026-01-02T03:00:00Z'));
});

after(() => rm(folder, { recursive: true, force: true }));

async function assertSound(sample: Sample): Promise<void> {
  await using engine = await openSample(sample);
  assert.deepEqual((await engine.verify({ ...how, depth: 'data' })).problems, []);
}

/** Goes on from what is there: both snapshots are whole, and nothing is stored twice. */
async function assertGoesOn(sample: Sample, target: string): Promise<void> {
  await using source = await openSample(from);
  await using engine = await openSample(sample);
  await copyAll(source, engine);
  const { snapshots } = await engine.list(how);
  assert.deepEqual(
    snapshots.map(({ time }) => time.toISOString().slice(0, 10)),
    ['2026-01-01', '2026-01-02'],
  );
  assert.deepEqual((await engine.verify({ ...how, depth: 'data' })).problems, []);
  const { freedBytes } = await engine.prune({ ...how, dryRun: true, maxUnused: 0 });
  assert.equal(freedBytes, 0);
  if (locate('restic') === undefined) return;
  const restic = resticFor(sample.repository, PASSWORD);
  await restic.run('check', '--read-data', '--no-cache');
  await mkdir(target);
  await restic.run('restore', snapshots[1]!.id, '--no-lock', '--no-cache', '--target', target);
  assert.deepEqual(compareTrees(from.source, join(target, from.source)), []);
}

test('a copy that is killed at any write leaves a sound repository, and the next one goes on from there', async () => {
  const module = new URL('./children/copy.ts', import.meta.url).href;
  const points = await crashAtEveryWrite({
    module,
    prepare: async (place) => ({ from, to: copyRepository(empty, place) }),
    check: async (place, { nth }) => {
      const sample = { source: from.source, repository: join(place, 'repository') };
      await assertSound(sample);
      // The last and some in between: the way on is the same for those between them.
      if (nth % 4 === 1) await assertGoesOn(sample, join(place, 'restored'));
    },
    moments: { put: ['during'], delete: [] },
  });
  assert.ok(points.length >= 8, `killed at ${points.length} writes`);
});

test('a copy into a disk that is full fails, leaves a sound repository, and goes on when there is room', {
  skip: skipUnlessRoot() || skipWithout('mount'),
}, async () => {
  await using disk = await mountSmallDisk('size=2m');
  const sample = copyRepository(empty, disk.path);
  await using source = await openSample(from);
  {
    await using engine = await openSample(sample);
    await assert.rejects(copyAll(source, engine), (error) => hasCode(error, 'store.full'));
    assert.deepEqual((await engine.list(how)).snapshots, []);
  }
  await assertSound(sample);
  await disk.remount('size=64m');
  await assertGoesOn(sample, join(folder, 'after full'));
});

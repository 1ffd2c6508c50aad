import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { locate, skipWithout } from '../fixtures/programs.ts';
import { resticFor } from '../fixtures/restic.ts';
import { type CrashPoint, crashAtEveryWrite } from './crash.ts';
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

const how = { signal: new AbortController().signal };
const workOf = (name: string) => new URL(`./children/${name}.ts`, import.meta.url).href;

/** A kill before a write leaves what the kill after the one before it left. */
const moments = { put: ['during', 'after'], delete: ['after'] } as const;

let folder: string;
/** A repository with one snapshot and a source that changed since; and the same with two snapshots. */
let oneDay: Sample;
let twoDays: Sample;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surety-killed-'));
  oneDay = sampleIn(join(folder, 'one'));
  makeSource(oneDay);
  await makeRepository(oneDay);
  {
    await using engine = await openSample(oneDay);
    await backUp(engine, oneDay, new Date('2026-01-01T03:00:00Z'));
  }
  changeSource(oneDay);
  twoDays = copyRepository(oneDay, join(folder, 'two'));
  await using engine = await openSample(twoDays);
  await backUp(engine, twoDays, new Date('2026-01-02T03:00:00Z'));
});

after(() => rm(folder, { recursive: true, force: true }));

/** Nothing is wrong, and every snapshot's data is there. */
async function assertSound(sample: Sample): Promise<void> {
  await using engine = await openSample(sample);
  const { problems } = await engine.verify({ ...how, depth: 'data' });
  assert.deepEqual(problems, []);
}

/** Real restic thinks so too. */
async function assertSoundToRestic(sample: Sample): Promise<void> {
  if (locate('restic') === undefined) return;
  await resticFor(sample.repository, PASSWORD).run('check', '--read-data', '--no-lock', '--no-cache');
}

/** What real restic restores of a snapshot is equal to the source as it is now. */
async function assertRestores(sample: Sample, target: string, id: string): Promise<void> {
  if (locate('restic') === undefined) return;
  await mkdir(target);
  await resticFor(sample.repository, PASSWORD).run('restore', id, '--no-lock', '--no-cache', '--target', target);
  assert.deepEqual(compareTrees(sample.source, join(target, sample.source)), []);
}

function counted(points: readonly CrashPoint[], call: string): number {
  return points.filter((point) => point.call === call).length;
}

describe('killed at every write', { skip: skipWithout('restic') }, () => {
  test('a backup leaves a sound repository, and the next one succeeds', { timeout: 300_000 }, async () => {
    const points = await crashAtEveryWrite({
      module: workOf('backup'),
      moments,
      prepare: async (place) => copyRepository(oneDay, place),
      async check(place) {
        const sample = { source: oneDay.source, repository: join(place, 'repository') };
        await assertSound(sample);
        await assertSoundToRestic(sample);
        await using engine = await openSample(sample);
        const { snapshot } = await backUp(engine, sample);
        const { snapshots, unreadable } = await engine.list(how);
        assert.deepEqual(unreadable, []);
        assert.ok(snapshots.length === 2 || snapshots.length === 3);
        await assertSound(sample);
        await assertRestores(sample, join(place, 'restored'), snapshot.id);
      },
    });
    // Lock, packs, index, snapshot; the lock's removal.
    assert.ok(counted(points, 'put') >= 10, String(points.length));
    assert.equal(counted(points, 'delete'), 1);
  });

  test('a clean-up leaves a sound repository, and the next one finishes it', { timeout: 300_000 }, async () => {
    const points = await crashAtEveryWrite({
      module: workOf('clean-up'),
      moments,
      prepare: async (place) => copyRepository(twoDays, place),
      async check(place) {
        const sample = { source: oneDay.source, repository: join(place, 'repository') };
        await assertSound(sample);
        await assertSoundToRestic(sample);
        await using engine = await openSample(sample);
        const { snapshots } = await engine.list(how);
        const newest = snapshots.at(-1)!;
        assert.equal(newest.time.toISOString(), '2026-01-02T03:00:00.000Z');
        await engine.forget(
          snapshots.slice(0, -1).map(({ id }) => id),
          how,
        );
        await engine.prune({ ...how, dryRun: false, maxUnused: 0 });
        const left = await engine.prune({ ...how, dryRun: true, maxUnused: 0 });
        assert.equal(left.remainingUnusedBytes + left.freedBytes, 0);
        await assertSound(sample);
      },
    });
    // The lock, the packs made of old ones, their index; then old indexes, old packs, the snapshot and the lock go.
    assert.ok(counted(points, 'put') >= 6, String(counted(points, 'put')));
    assert.ok(counted(points, 'delete') >= 8, String(counted(points, 'delete')));
  });
});

import assert from 'node:assert/strict';
import {
  chmodSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hasCode } from '../../src/base/errors.ts';
import { locate, skipUnlessRoot, skipWithout } from '../fixtures/programs.ts';
import { resticFor } from '../fixtures/restic.ts';
import { copyAll } from './copy-sample.ts';
import { crashAtEveryWrite } from './crash.ts';
import { healSample } from './heal-sample.ts';
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
/** One with two snapshots, a copy of it, and the first one damaged. */
let whole: Sample;
let copy: Sample;
let damaged: Sample;
let suspects: readonly string[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surety-heal-killed-'));
  whole = sampleIn(join(folder, 'whole'));
  copy = { source: whole.source, repository: join(folder, 'copy') };
  makeSource(whole);
  await makeRepository(whole);
  await makeRepository(copy);
  await using engine = await openSample(whole);
  await backUp(engine, whole, new Date('2026-01-01T03:00:00Z'));
  changeSource(whole);
  await backUp(engine, whole, new Date('2026-01-02T03:00:00Z'));
  await using other = await openSample(copy);
  await copyAll(engine, other);
  damaged = copyRepository(whole, join(folder, 'damaged'));
  suspects = damage(damaged);
});

after(() => rm(folder, { recursive: true, force: true }));

/** Damages every pack in one of three ways. Returns their keys. */
function damage({ repository }: Sample): string[] {
  const packs = readdirSync(join(repository, 'data'), { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(repository, 'data', name)).isFile())
    .sort();
  for (const [at, name] of packs.entries()) {
    const path = join(repository, 'data', name);
    chmodSync(path, 0o600);
    const bytes = readFileSync(path);
    bytes[20]! ^= 1;
    if (at % 3 === 0) writeFileSync(path, bytes);
    else if (at % 3 === 1) truncateSync(path, bytes.length - 50);
    else rmSync(path);
  }
  return packs.map((name) => `data/${name}`);
}

async function assertHealed(sample: Sample, isRead = true): Promise<void> {
  await using engine = await openSample(sample);
  await using other = await openSample(copy);
  const { lost } = await healSample(engine, other, suspects);
  assert.deepEqual(lost, { blobs: 0, files: [], affects: [], toCopy: [] });
  const { problems } = await engine.verify({ ...how, depth: isRead ? 'data' : 'structure' });
  assert.deepEqual(problems, []);
  assert.equal((await engine.list(how)).snapshots.length, 2);
}

test('healing that is killed at any write loses nothing, and the next one finishes it', async () => {
  const module = new URL('./children/heal.ts', import.meta.url).href;
  const points = await crashAtEveryWrite({
    module,
    prepare: async (place) => ({ from: copy, to: copyRepository(damaged, place), suspects }),
    async check(place, { nth }) {
      const sample = { source: whole.source, repository: join(place, 'repository') };
      await assertHealed(sample, nth % 4 === 1);
      if (nth % 4 === 1 && locate('restic') !== undefined)
        await resticFor(sample.repository, PASSWORD).run('check', '--read-data', '--no-cache');
    },
    moments: { put: ['during'], delete: [] },
  });
  assert.ok(points.length >= 5, `killed at ${points.length} writes`);
});

test('healing on a disk that is full fails, removes nothing, and goes on when there is room', {
  skip: skipUnlessRoot() || skipWithout('mount'),
}, async () => {
  await using disk = await mountSmallDisk('size=64m');
  const sample = copyRepository(damaged, disk.path);
  const files = () =>
    readdirSync(join(sample.repository, 'data'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('/'),
    );
  const before = files();
  const { blocks, bfree, bsize } = statfsSync(disk.path);
  await disk.remount(`size=${(blocks - bfree) * bsize + 64 * 1024}`);
  {
    await using engine = await openSample(sample);
    await using other = await openSample(copy);
    await assert.rejects(healSample(engine, other, suspects), (error) => hasCode(error, 'store.full'));
  }
  for (const file of before) assert.ok(files().includes(file), file);
  await disk.remount('size=64m');
  await assertHealed(sample);
});

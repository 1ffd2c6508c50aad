import assert from 'node:assert/strict';
import { chmodSync, existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { messageOf, SuretyError } from '../../src/base/errors.ts';
import type { Engine, Snapshot } from '../../src/engines/engine.ts';
import { randomNumbers } from '../fixtures/content.ts';
import {
  backUp,
  changeSource,
  makeRepository,
  makeSource,
  openSample,
  restoreTo,
  type Sample,
  sampleIn,
} from './sample-repository.ts';

const how = { signal: new AbortController().signal };

let folder: string;
let sample: Sample;
/** Paths below the source of all its files as the newest snapshot has them. */
let files: readonly string[];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surety-damage-'));
  sample = sampleIn(folder);
  makeSource(sample);
  await makeRepository(sample);
  await using engine = await openSample(sample);
  await backUp(engine, sample, new Date('2026-01-01T03:00:00Z'));
  changeSource(sample);
  await backUp(engine, sample, new Date('2026-01-02T03:00:00Z'));
  files = globSync('**', { cwd: sample.source }).filter((path) => statSync(join(sample.source, path)).isFile());
});

after(() => rm(folder, { recursive: true, force: true }));

type Damage = (bytes: Buffer) => Buffer | undefined;

const random = randomNumbers(11);

const damages: Readonly<Record<string, Damage>> = {
  'a flipped bit'(bytes) {
    const bit = random() % (bytes.length * 8);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    return bytes;
  },
  'a flipped bit in its last bytes'(bytes) {
    bytes[bytes.length - 1 - (random() % 40)]! ^= 1 << (random() % 8);
    return bytes;
  },
  'a lost last byte': (bytes) => bytes.subarray(0, -1),
  'nothing left in it': () => Buffer.alloc(0),
  'the file gone': () => undefined,
};

/** Damages one file of the repository while `work` runs. */
async function whileDamaged(key: string, damage: Damage, work: () => Promise<void>): Promise<void> {
  const path = join(sample.repository, key);
  const whole = readFileSync(path);
  chmodSync(path, 0o600);
  try {
    const left = damage(Buffer.from(whole));
    if (left === undefined) rmSync(path);
    else writeFileSync(path, left);
    await work();
  } finally {
    writeFileSync(path, whole);
  }
}

/** What verify says of the repository, as one text; '' when it finds nothing. */
async function findings(engine: Engine): Promise<string> {
  try {
    const { problems } = await engine.verify({ ...how, depth: 'data' });
    return problems.map(({ key, code, message }) => `${key} ${code} ${message}`).join('\n');
  } catch (error) {
    return told(error);
  }
}

function told(error: unknown): string {
  assert.ok(error instanceof SuretyError, String(error));
  return `${error.code} ${messageOf(error)}`;
}

interface Restored {
  readonly right: number;
  /** Files that are not there although the snapshot has them. */
  readonly absent: readonly string[];
  /** What the restore said of what it could not do. */
  readonly complaints: string;
}

/** Restores as much as can be; fails when anything that was restored is wrong. */
async function restored(engine: Engine, snapshot: Snapshot): Promise<Restored> {
  const target = await mkdtemp(join(folder, 'restored-'));
  try {
    const complaints = await restoreTo(engine, snapshot, sample, target).then(
      ({ failed }) => failed.map(({ path, error }) => `${path}: ${messageOf(error)}`).join('\n'),
      told,
    );
    const there = files.filter((path) => existsSync(join(target, sample.source, path)));
    for (const path of there) {
      const [left, right] = [join(target, sample.source, path), join(sample.source, path)].map((file) =>
        readFileSync(file),
      );
      assert.ok(left!.equals(right!), `${path} was restored wrong`);
    }
    return { right: there.length, absent: files.filter((path) => !there.includes(path)), complaints };
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

for (const [what, damage] of Object.entries(damages)) {
  describe(`with ${what}`, () => {
    test('a pack is named by verify, and no file is restored wrong or missed in silence', async () => {
      const outcomes: Restored[] = [];
      for (const key of globSync('data/*/*', { cwd: sample.repository })) {
        await whileDamaged(key, damage, async () => {
          await using engine = await openSample(sample);
          assert.match(await findings(engine), new RegExp(key.slice(8, 20)), key);
          const { snapshots } = await engine.list(how);
          const outcome = await restored(engine, snapshots.at(-1)!);
          if (outcome.absent.length > 0) assert.notEqual(outcome.complaints, '', key);
          outcomes.push(outcome);
        });
      }
      if (!what.startsWith('a flipped bit')) return;
      // Where a tree is damaged nobody knows the names below it; else each file that is not to be had is named, and all others are there.
      for (const { absent, complaints } of outcomes) {
        if (!/^tree\.damaged .*data\//.test(complaints)) {
          for (const path of absent) assert.ok(complaints.includes(path), complaints);
        }
      }
      assert.ok(outcomes.some(({ right, absent }) => right > 0 && (absent.length > 0 || what.includes('last'))));
    });

    test('an index is named by verify, and what is restored is right', async () => {
      for (const key of globSync('index/*', { cwd: sample.repository })) {
        await whileDamaged(key, damage, async () => {
          await using engine = await openSample(sample);
          // A missing index is not known by name: the packs that no index names any more, or the content nobody finds, are.
          assert.notEqual(await findings(engine), '', key);
          const { snapshots } = await engine.list(how);
          const { absent, complaints } = await restored(engine, snapshots.at(-1)!);
          if (absent.length > 0) assert.notEqual(complaints, '', key);
        });
      }
    });

    test('a snapshot is named, and the others can be restored', async () => {
      const keys = globSync('snapshots/*', { cwd: sample.repository });
      const newest = await newestId();
      for (const key of keys) {
        await whileDamaged(key, damage, async () => {
          await using engine = await openSample(sample);
          const { snapshots, unreadable } = await engine.list(how);
          assert.equal(snapshots.length, 1);
          // Nobody can know of a snapshot that is gone without a trace.
          if (what !== 'the file gone') {
            assert.deepEqual(
              unreadable.map(({ id }) => `snapshots/${id}`),
              [key],
            );
            assert.match(await findings(engine), new RegExp(key.slice(10, 20)));
          }
          if (snapshots[0]!.id !== newest) return;
          assert.deepEqual(await restored(engine, snapshots[0]!), { right: files.length, absent: [], complaints: '' });
        });
      }
    });
  });
}

async function newestId(): Promise<string> {
  await using engine = await openSample(sample);
  return (await engine.list(how)).snapshots.at(-1)!.id;
}

test('without damage verify finds nothing and everything is restored', async () => {
  await using engine = await openSample(sample);
  assert.equal(await findings(engine), '');
  const newest = (await engine.list(how)).snapshots.at(-1)!;
  assert.deepEqual(await restored(engine, newest), { right: files.length, absent: [], complaints: '' });
});

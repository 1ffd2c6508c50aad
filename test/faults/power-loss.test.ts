import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hasCode, SuretyError } from '../../src/base/errors.ts';
import type { Body, Store } from '../../src/stores/store.ts';
import { compareTrees } from '../fixtures/compare-trees.ts';
import { noise } from '../fixtures/content.ts';
import { skipWithout } from '../fixtures/programs.ts';
import { resticFor } from '../fixtures/restic.ts';
import { type LoopDisk, mountLoopDisk, skipWithoutLoopDisk } from './loop-disk.ts';
import {
  backUp,
  changeSource,
  makeRepository,
  makeSource,
  openSample,
  PASSWORD,
  restoreTo,
  type Sample,
} from './sample-repository.ts';

const how = { signal: new AbortController().signal };
const skip = skipWithout('restic') || (await skipWithoutLoopDisk());

/** When the power goes, counted in writes of the backup. */
interface Moment {
  readonly nth: number;
  readonly when: 'during' | 'after';
}

describe('the power fails during a backup', { skip }, () => {
  let folder: string;
  let disk: LoopDisk;
  let sample: Sample;
  /** What the source was when each snapshot was taken, by id. */
  const states = new Map<string, string>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'surety-power-source-'));
    disk = await mountLoopDisk();
    sample = { source: join(folder, 'source'), repository: join(disk.path, 'vault') };
    makeSource(sample);
    await makeRepository(sample);
  });

  after(async () => {
    await disk[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** A copy of the source as it is now, with its times. */
  function keepState(id: string): void {
    states.set(id, join(folder, id));
    // Node's own copying rounds times.
    execFileSync('cp', ['-a', sample.source, join(folder, id)]);
  }

  /** Backs up; the power goes at that moment. True when the backup came to its end before. */
  async function backUpUntil(moment: Moment): Promise<boolean> {
    let isOut = false;
    const cut = (): void => {
      isOut = true;
      disk.cutPower();
    };
    await using engine = await openSample(sample, (store) => withPowerCut(store, moment, cut));
    try {
      const { snapshot } = await backUp(engine, sample);
      keepState(snapshot.id);
      return !isOut;
    } catch (error) {
      assert.ok(isOut, String(error));
      assert.ok(error instanceof SuretyError, `a failed disk is told as what it is: ${String(error)}`);
      assert.ok(!hasCode(error, 'internal.unexpected'));
      return false;
    }
  }

  async function assertSound(): Promise<void> {
    await using engine = await openSample(sample);
    assert.deepEqual((await engine.verify({ ...how, depth: 'data' })).problems, []);
    const { snapshots, unreadable } = await engine.list(how);
    assert.deepEqual(unreadable, []);
    for (const id of states.keys())
      assert.ok(
        snapshots.some((snapshot) => snapshot.id === id),
        `${id} is lost`,
      );
    const newest = snapshots.at(-1);
    if (newest === undefined) return;
    const target = join(folder, 'restored');
    const { failed } = await restoreTo(engine, newest, sample, target);
    assert.deepEqual(failed, []);
    // A snapshot whose backup did not come to its end is of the source as it still is.
    if (!states.has(newest.id)) keepState(newest.id);
    assert.deepEqual(compareTrees(states.get(newest.id)!, join(target, sample.source)), []);
    await rm(target, { recursive: true });
    await resticFor(sample.repository, PASSWORD).run('check', '--read-data', '--no-lock', '--no-cache');
  }

  for (const when of ['during', 'after'] as const) {
    test(`${when} any write: what was promised is there, what is there is whole, and the next run succeeds`, {
      timeout: 240_000,
    }, async () => {
      let finished = false;
      let nth = 0;
      for (; !finished; ) {
        nth += 1;
        if (nth === 2 && when === 'during') changeSource(sample);
        appendFileSync(join(sample.source, 'grows'), noise(nth + (when === 'after' ? 100 : 0), 200_000));
        finished = await backUpUntil({ nth, when });
        if (!finished) await disk.restart();
        await assertSound();
      }
      assert.ok(nth > 4, `${nth} writes`);
    });
  }

  test('right after a backup: its snapshot is there', async () => {
    appendFileSync(join(sample.source, 'grows'), noise(1000, 200_000));
    const engine = await openSample(sample);
    const { snapshot } = await backUp(engine, sample);
    keepState(snapshot.id);
    disk.cutPower();
    await Promise.resolve(engine[Symbol.asyncDispose]()).catch(() => {});
    await disk.restart();
    await assertSound();
  });
});

/** Calls `cut` in the middle of a put's body, or when the put has promised that the body is there. */
function withPowerCut(store: Store, { nth, when }: Moment, cut: () => void): Store {
  let puts = 0;
  return {
    ...store,
    async put(key, body, putHow) {
      const isDue = ++puts === nth;
      await store.put(key, isDue && when === 'during' ? cutShort(body, cut) : body, putHow);
      if (isDue && when === 'after') cut();
    },
  };
}

function cutShort(body: Body, cut: () => void): Body {
  return {
    async *open(openHow) {
      if (body instanceof Uint8Array) {
        yield body.subarray(0, body.length >> 1);
        cut();
        yield body.subarray(body.length >> 1);
      } else {
        yield* body.open(openHow);
        cut();
      }
    },
  };
}

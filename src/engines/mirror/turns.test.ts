/** Clocks that jump, and runs at odd times: the newest copy is always the one that was made last. In a store in memory, which is quick. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestObjects } from '../../../test/fixtures/mirror-repository.ts';
import { sampleOf } from '../contract-sample.ts';
import { backUp, entriesOf, HOW } from '../contract-steps.ts';
import type { Engine, Snapshot } from '../engine.ts';

const ROTATE = { rotate: ['day_of_week', 'first_of_month'], maxDelete: 1 } as const;

/** A run at that time of a source that has a file `home/run-NUMBER`. */
async function run(engine: Engine, time: string, number: number): Promise<string[]> {
  const replaced: string[] = [];
  const held = sampleOf([{ path: `home/run-${number}`, bytes: Buffer.from(`run ${number}`) }]);
  const replacing = (ids: readonly string[]) => void replaced.push(...ids);
  await backUp(engine, held, { how: { startedAt: new Date(time), replacing } });
  return replaced;
}

async function runIn(engine: Engine, snapshot: Snapshot | undefined): Promise<number> {
  const entries = await entriesOf(engine, snapshot!);
  return Number(entries.map(({ path }) => /^home\/run-(\d+)$/.exec(path)?.[1]).find((number) => number !== undefined));
}

const copies = async (engine: Engine) => {
  const { snapshots } = await engine.list(HOW);
  return Object.fromEntries(
    await Promise.all(
      snapshots.map(async (one) => [one.id.split('_')[1] ?? '', await runIn(engine, one)] as [string, number]),
    ),
  );
};

const newest = async (engine: Engine) => await runIn(engine, (await engine.list(HOW)).snapshots.at(-1));

test('after a clock was wrong by a year, the newest copy is the one that was made last', async () => {
  const { engine } = await openTestObjects(ROTATE);
  await using _ = engine;
  const times = ['2026-03-09', '2027-01-05', '2026-03-11', '2026-03-12', '2026-03-17', '2027-01-01'];
  for (const [at, day] of times.entries()) {
    await run(engine, `${day}T04:04:00Z`, at);
    assert.equal(await newest(engine), at, day);
    assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
  }
  // The January that was none is replaced by the real one.
  assert.deepEqual(await copies(engine), {
    ...{ '1-Monday': 0, '2-Tuesday': 4, '3-Wednesday': 2, '4-Thursday': 3, '5-Friday': 5 },
    ...{ '03-March': 0, '01-January': 5 },
  });
});

test('a clock that goes back by a week, a day or an hour makes no older tree the newest', async () => {
  const { engine } = await openTestObjects(ROTATE);
  await using _ = engine;
  const times = ['10T04', '03T04', '02T04', '02T03', '11T04', '11T03'];
  for (const [at, time] of times.entries()) {
    await run(engine, `2026-03-${time}:00:00Z`, at);
    assert.equal(await newest(engine), at, time);
  }
  const { snapshots } = await engine.list(HOW);
  assert.deepEqual(
    snapshots.map(({ time }) => time.getTime()),
    snapshots.map(({ time }) => time.getTime()).toSorted((left, right) => left - right),
  );
  assert.deepEqual(await copies(engine), { '1-Monday': 3, '2-Tuesday': 1, '3-Wednesday': 5, '03-March': 0 });
});

test('days are those of UTC: around a change of summer time one is skipped and one has two runs', async () => {
  const { engine } = await openTestObjects(ROTATE);
  await using _ = engine;
  // Half past midnight in London, from Saturday to Tuesday, at the beginning and at the end of summer time.
  const spring = ['28T00:30', '29T00:30', '29T23:30', '30T23:30'].map((time) => `2026-03-${time}:00Z`);
  const autumn = ['23T23:30', '24T23:30', '26T00:30', '27T00:30'].map((time) => `2026-10-${time}:00Z`);
  const replaced: string[] = [];
  for (const [at, time] of [...spring, ...autumn].entries()) {
    replaced.push(...(await run(engine, time, at)));
    assert.equal(await newest(engine), at, time);
  }
  assert.deepEqual(await copies(engine), {
    ...{ '6-Saturday': 5, '7-Sunday': 2, '1-Monday': 6, '2-Tuesday': 7, '5-Friday': 4 },
    ...{ '03-March': 0, '10-October': 4 },
  });
  assert.deepEqual(replaced, [
    'sample_7-Sunday_20260329_003000',
    'sample_6-Saturday_20260328_003000',
    'sample_1-Monday_20260330_233000',
  ]);
});

test('a missed week leaves the copies of before, and a copy of a month has nothing of the year before', async () => {
  const { engine, store } = await openTestObjects(ROTATE);
  await using _ = engine;
  const days = ['2026-03-02', '2026-03-04', '2026-03-23', '2027-03-01'];
  for (const [at, day] of days.entries()) await run(engine, `${day}T04:04:00Z`, at);
  assert.deepEqual(await copies(engine), { '1-Monday': 3, '3-Wednesday': 1, '03-March': 3 });
  const keys: string[] = [];
  for await (const { key } of store.list('sample/03-March', HOW)) if (key.includes('run')) keys.push(key);
  assert.deepEqual(keys, ['sample/03-March/home/run-3']);
});

test('a snapshot that is copied from elsewhere is as old as it is', async () => {
  const { engine } = await openTestObjects(ROTATE);
  await using _ = engine;
  await run(engine, '2026-03-10T04:04:00Z', 0);
  const held = sampleOf([{ path: 'home/run-1', bytes: Buffer.from('x') }]);
  await backUp(engine, held, { how: { startedAt: new Date('2026-03-09T04:04:00Z'), isCopy: true } });
  assert.equal(await newest(engine), 0);
});

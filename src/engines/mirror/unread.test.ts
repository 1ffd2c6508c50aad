/** What could not be read stays as it was mirrored last. In a store in memory; folders are in test/faults/mirror.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestObjects } from '../../../test/fixtures/mirror-repository.ts';
import { sampleOf } from '../contract-sample.ts';
import { assertRestores, backUp, entriesOf, HOW } from '../contract-steps.ts';

test('of a directory that can not be looked into all stays, in the copy of another day too, and none of it counts as gone', async () => {
  const { engine } = await openTestObjects({ rotate: ['day_of_week'], maxDelete: 0 });
  await using _ = engine;
  const whole = sampleOf(Array.from({ length: 12 }, (__, at) => ({ path: `home/sub/${at}`, bytes: Buffer.from('x') })));
  await backUp(engine, whole, { how: { startedAt: new Date('2026-03-02T04:04:00Z') } });
  const seen = { ...whole, entries: whole.entries.filter(({ path }) => !path.startsWith('home/sub/')) };
  const run = async (unread: readonly string[], day: number, force = false) =>
    await backUp(engine, seen, { how: { startedAt: new Date(Date.UTC(2026, 2, day)), unread: () => unread, force } });
  await assert.rejects(run([], 3), { code: 'repository.too-many-deletions' });
  for (const [day, force] of [
    [3, false],
    [3, true],
    [4, false],
  ] as const) {
    const { snapshot } = await run(['home/sub'], day, force);
    const paths = (await entriesOf(engine, snapshot)).map(({ path }) => path);
    assert.deepEqual(
      paths,
      whole.entries.map(({ path }) => path),
    );
    await assertRestores(engine, snapshot, whole);
  }
  assert.deepEqual((await engine.verify({ ...HOW, depth: 'data' })).problems, []);
});

test('what was never read is left out', async () => {
  const { engine } = await openTestObjects();
  await using _ = engine;
  const { snapshot } = await backUp(engine, sampleOf(), { how: { unread: () => ['home/void', 'home/nothing'] } });
  const paths = (await entriesOf(engine, snapshot)).map(({ path }) => path);
  assert.deepEqual(
    paths,
    sampleOf()
      .entries.map(({ path }) => path)
      .filter((path) => path !== 'home/void'),
  );
});

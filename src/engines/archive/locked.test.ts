import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DUMP, dumpOf, openTestArchive } from '../../../test/fixtures/archive-repository.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import { respectLocks } from '../../stores/wrap/respect-locks.ts';
import { backUp, HOW } from '../contract-steps.ts';

const DATABASE = { startedAt: new Date('2024-11-22T02:00:00.250Z'), kind: 'postgres', source: 'app' };
const LATER = new Date(Date.UTC(2200, 0, 1));
const PRUNE = { ...HOW, dryRun: false, maxUnused: 0 };

function makeLocked() {
  const locked = new Map<string, Date>();
  const locks = {
    until: async (key: string) => locked.get(key),
    extend: async (key: string, until: Date) => void locked.set(key, until),
  };
  const now = () => new Date(Date.UTC(2026, 0, 1));
  return {
    locked,
    store: respectLocks({ ...openMemoryStore(), locks }, { now, never: ['locks', '.reserved', 'logs'] }),
  };
}

test('an archive whose metadata is locked stays whole, and is named with its time', async () => {
  const { locked, store } = makeLocked();
  await using opened = await openTestArchive({ store });
  const { snapshot } = await backUp(opened.engine, dumpOf('app.sql', DUMP), { how: DATABASE });
  const before = await opened.keys();
  for (const key of before) locked.set(key, LATER);
  assert.deepEqual(await opened.engine.service?.locked?.([snapshot.id, 'none'], HOW), [
    { id: snapshot.id, until: LATER },
  ]);
  assert.deepEqual(await opened.engine.forget([snapshot.id], HOW), [{ id: snapshot.id, until: LATER }]);
  await opened.engine.prune(PRUNE);
  assert.deepEqual(await opened.keys(), before);
});

test('a file that is locked longer than its metadata goes when its lock has ended', async () => {
  const { locked, store } = makeLocked();
  await using opened = await openTestArchive({ store });
  const { snapshot } = await backUp(opened.engine, dumpOf('app.sql', DUMP), { how: DATABASE });
  const file = (await opened.keys()).find((key) => key.includes(snapshot.id) && !key.endsWith('_metadata.json'))!;
  locked.set(file, LATER);
  assert.deepEqual(await opened.engine.forget([snapshot.id], HOW), []);
  const kept = await opened.engine.prune(PRUNE);
  assert.deepEqual(
    [kept.locked?.files, kept.locked?.until, kept.packsRemoved, kept.freedBytes > 0],
    [1, LATER, 0, false],
  );
  assert.ok((await opened.keys()).includes(file));
  locked.clear();
  const gone = await opened.engine.prune(PRUNE);
  assert.deepEqual([gone.locked, gone.packsRemoved], [undefined, 1]);
  assert.ok(!(await opened.keys()).includes(file));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DUMP, dumpOf, openTestArchive } from '../../../test/fixtures/archive-repository.ts';
import { SuretyError } from '../../base/errors.ts';
import { backUp, HOW } from '../contract-steps.ts';

const DATABASE = { startedAt: new Date('2024-11-22T02:00:00.250Z'), kind: 'postgres', source: 'app' };

test('records of failed backups and sidecars that can not be read are taken away by their ids, and nothing else', async () => {
  await using opened = await openTestArchive();
  const { engine } = opened;
  const kept = await backUp(engine, dumpOf('app.sql', DUMP), { how: DATABASE });
  const finish = () => Promise.reject(new SuretyError('source.incomplete', 'the dump of app has no end'));
  for (let at = 0; at < 2; at++) {
    await assert.rejects(backUp(engine, dumpOf('app.sql', 'SELECT'), { how: DATABASE, reading: { finish } }));
  }
  const { failures = [] } = await engine.list(HOW);
  assert.equal(failures.length, 2);
  await engine.forget([failures[0]!.id, 'database_19990101_000000'], HOW);
  await opened.store.put('database/database_20200101_000000_metadata.json', Buffer.from('{'), HOW);
  const [unreadable] = (await engine.list(HOW)).unreadable;
  assert.equal(unreadable?.id, 'database_20200101_000000');
  await engine.forget([unreadable.id], HOW);
  const left = await engine.list(HOW);
  assert.deepEqual(left.unreadable, []);
  assert.deepEqual(
    left.failures?.map(({ id }) => id),
    [failures[1]!.id],
  );
  assert.deepEqual(
    left.snapshots.map(({ id }) => id),
    [kept.snapshot.id],
  );
});

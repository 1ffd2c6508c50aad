import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backupRequest } from '../../test/fixtures/backup-request.ts';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { systemClock } from '../base/clock.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import type { Engine } from '../engines/engine.ts';
import { backup } from './backup.ts';
import { listenAll } from './events.ts';
import { recordInto } from './record.ts';
import { depthAfter } from './verify-new.ts';

describe('a new snapshot', () => {
  let workshop: Workshop;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  test('is re-read as the job says, else as the repository says, else as suits the repository', () => {
    const engine = (readsBackNew: boolean, can: readonly ('verify-data' | 'cleanup')[] = ['verify-data']) =>
      ({ traits: { readsBackNew, can: new Set(can) } }) as unknown as Engine;
    assert.equal(depthAfter(engine(false), undefined), undefined);
    assert.equal(depthAfter(engine(true), undefined), 'data');
    assert.equal(depthAfter(engine(true), 'no'), undefined);
    assert.equal(depthAfter(engine(false), 'structure'), 'structure');
    assert.equal(depthAfter(engine(false), 'data'), 'data');
    assert.equal(depthAfter(engine(true, []), undefined), 'structure');
  });

  test('that is whole is in the report and in the catalog as verified', async () => {
    const repository = { ...(await workshop.repository('whole')), verifyAfter: 'data' as const };
    await using catalog = openSqliteCatalog({ path: join(workshop.folder, 'catalog.db'), clock: systemClock });
    const recorder = recordInto(catalog, { exitCode: () => 0, report: assert.ifError });
    const how = workshop.how();
    const listen = listenAll([how.listen, recorder.listen], assert.ifError);
    const sources = [workshop.source('good', { x: 'content' })];
    const report = await backup(backupRequest({ sources, repositories: [repository] }), { ...how, listen });
    const verified = report.members[0]?.verified;
    assert.equal(report.outcome, 'ok');
    assert.equal(verified?.depth, 'data');
    assert.ok((verified?.report?.readBytes ?? 0) > 0);
    await recorder.settled();
    const [recorded] = await catalog.verifications({ limit: 5 });
    assert.equal(recorded?.runId, report.recoveryPoint);
    assert.deepEqual([recorded?.outcome, recorded?.snapshots, recorded?.problemCount], ['ok', 1, 0]);
    const again = await backup(backupRequest({ sources, repositories: [repository], verifyAfter: 'no' }), how);
    assert.equal(again.members[0]?.verified, undefined);
  });

  test('that lacks something makes its member fail, and the error names what is wrong', async () => {
    const repository = await workshop.repository('rotten');
    const sources = [workshop.source('rot', { x: 'content' })];
    await backup(backupRequest({ sources, repositories: [repository] }), workshop.how());
    // Content that the second snapshot shares with the first rots where it is.
    const packs: string[] = [];
    for await (const { key } of repository.store.list('data/', workshop.how())) packs.push(key);
    for (const key of packs) {
      const bytes = Buffer.from(await repository.store.read(key, undefined, workshop.how()));
      bytes[20]! ^= 1;
      await repository.store.delete(key, workshop.how());
      await repository.store.put(key, bytes, workshop.how());
    }
    const report = await backup(
      backupRequest({ sources, repositories: [repository], verifyAfter: 'data' }),
      workshop.how(),
    );
    const [member] = report.members;
    assert.deepEqual([report.outcome, report.complete], ['failed', false]);
    assert.equal(member?.error?.code, 'backup.unproven');
    assert.match(
      member?.error?.message ?? '',
      /^source rot into repository rotten: the new snapshot [0-9a-f]{8} is not whole: /,
    );
    assert.equal(member?.error?.details.snapshot, member?.snapshot?.id);
    assert.ok((member?.verified?.report?.problems.length ?? 0) > 0);
  });

  test('that can not be read back fails too', async () => {
    const repository = await workshop.repository('unread');
    const engine: Engine = { ...repository.engine, verify: () => Promise.reject(new Error('the disk is gone')) };
    const unread = { ...repository, open: async () => engine };
    const sources = [workshop.source('fine', { x: 'content' })];
    const report = await backup(
      backupRequest({ sources, repositories: [unread], verifyAfter: 'data' }),
      workshop.how(),
    );
    assert.match(report.members[0]?.error?.message ?? '', /could not be read back: the disk is gone/);
  });
});

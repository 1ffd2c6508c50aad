import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backupRequest } from '../../test/fixtures/backup-request.ts';
import { brokenRepository, openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { backup } from './backup.ts';

describe('backup', () => {
  let workshop: Workshop;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  test('every source goes into every repository under one recovery-point id', async () => {
    const repositories = [await workshop.repository('one'), await workshop.repository('two')];
    const sources = [workshop.source('a', { x: '1' }), workshop.source('b', { y: '2' })];
    const report = await backup(backupRequest({ sources, repositories }), workshop.how());
    assert.equal(report.outcome, 'ok');
    assert.equal(report.complete, true);
    assert.deepEqual(
      report.members.map(({ source, repository }) => `${source} ${repository}`),
      ['a one', 'a two', 'b one', 'b two'],
    );
    for (const { engine } of repositories) {
      const { snapshots } = await engine.list(workshop.how());
      assert.deepEqual(new Set(snapshots.map((one) => one.recoveryPoint)), new Set([report.recoveryPoint]));
    }
  });

  test('a backup of nothing is an error', async () => {
    const repositories = [await workshop.repository('nothing')];
    await assert.rejects(backup(backupRequest({ sources: [], repositories }), workshop.how()), {
      code: 'config.no-sources',
    });
  });

  test('a failing source and a failing repository stop nothing else, and the run has failed', async () => {
    const good = await workshop.repository('good');
    const sources = [workshop.source('missing'), workshop.source('there', { x: '1' })];
    const how = workshop.how();
    const report = await backup(backupRequest({ sources, repositories: [brokenRepository('broken'), good] }), how);
    assert.equal(report.outcome, 'failed');
    assert.equal(report.complete, false);
    assert.deepEqual(
      report.members.map(({ source, repository, outcome, error }) => [source, repository, outcome, error?.code]),
      [
        ['missing', 'broken', 'failed', 'repository.missing'],
        ['missing', 'good', 'failed', 'source.missing'],
        ['there', 'broken', 'failed', 'repository.missing'],
        ['there', 'good', 'ok', undefined],
      ],
    );
    assert.match(report.members[1]?.error?.message ?? '', /^source missing into repository good: /);
    assert.equal(report.members[0]?.error?.hint, 'check the location');
    assert.equal((await good.engine.list(how)).snapshots.length, 1);
    assert.equal(how.events.at(-1)?.type, 'run.finished');
  });

  test('a source that became empty since its newest snapshot fails and stores nothing', async () => {
    const repository = await workshop.repository('shrink');
    const source = workshop.source('shrinking', { x: '1' });
    await backup(backupRequest({ sources: [source], repositories: [repository] }), workshop.how());
    rmSync(join(workshop.folder, 'shrinking', 'x'));
    const report = await backup(backupRequest({ sources: [source], repositories: [repository] }), workshop.how());
    assert.equal(report.members[0]?.error?.code, 'source.empty');
    assert.equal((await repository.engine.list(workshop.how())).snapshots.length, 1);
  });

  test('warnings are counted and named, and the outcome says that there are some', async () => {
    const repository = await workshop.repository('warn');
    await repository.store.put(`snapshots/${'ab'.repeat(32)}`, Buffer.from('garbage'), workshop.how());
    const source = workshop.source('fine', { x: '1' });
    const report = await backup(backupRequest({ sources: [source], repositories: [repository] }), workshop.how());
    assert.equal(report.outcome, 'warnings');
    assert.equal(report.members[0]?.warningCount, 1);
    assert.equal(report.members[0]?.warnings[0]?.code, 'snapshot.unreadable');
    assert.notEqual(report.members[0]?.snapshot, undefined);
  });

  test('after an abort the rest is reported as interrupted, and what was stored stays', async () => {
    const repository = await workshop.repository('abort');
    const controller = new AbortController();
    const how = workshop.how(controller.signal);
    const sources = [workshop.source('first', { x: '1' }), workshop.source('second', { x: '2' })];
    const stopping = {
      ...how,
      listen: (event: Parameters<typeof how.listen>[0]) => {
        how.listen(event);
        if (event.type === 'step.finished') controller.abort(new Error('stop'));
      },
    };
    const report = await backup(backupRequest({ sources, repositories: [repository] }), stopping);
    assert.deepEqual(
      report.members.map(({ outcome }) => outcome),
      ['ok', 'interrupted'],
    );
    assert.equal(report.outcome, 'interrupted');
    assert.equal(report.members[1]?.error?.code, 'run.interrupted');
    assert.equal((await repository.engine.list(workshop.how())).snapshots.length, 1);
  });

  test('what changed is stored, what did not is not stored again', async () => {
    const repository = await workshop.repository('again');
    const source = workshop.source('growing', { x: 'old', y: 'same' });
    await backup(backupRequest({ sources: [source], repositories: [repository] }), workshop.how());
    writeFileSync(join(workshop.folder, 'growing', 'x'), 'new content');
    const report = await backup(backupRequest({ sources: [source], repositories: [repository] }), workshop.how());
    const stats = report.members[0]?.stats;
    assert.deepEqual([stats?.filesNew, stats?.filesChanged, stats?.filesUnmodified], [0, 1, 1]);
  });
});

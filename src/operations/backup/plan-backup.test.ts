import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backupRequest } from '../../../test/fixtures/backup-request.ts';
import { brokenRepository, openWorkshop, type Workshop } from '../../../test/fixtures/opened.ts';
import { scriptedSource } from '../../../test/fixtures/scripted-source.ts';
import { planText } from '../../cli/render/plan.ts';
import { openLocal } from '../../reach/local.ts';
import { backup } from '../backup.ts';
import { planBackup } from './plan-backup.ts';

describe('a dry run', () => {
  let workshop: Workshop;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  test('says what is new, changed and gone since the last backup, and stores nothing', async () => {
    const repository = await workshop.repository('vault');
    const files = { 'a/x': '1', 'a/y': '22', 'a b': '333', z: '4' };
    const sources = [workshop.source('tree', files)];
    const how = workshop.how();
    const first = await planBackup(backupRequest({ sources, repositories: [repository] }), how);
    assert.deepEqual(first.sources[0]?.into[0]?.changes, {
      ...{ files: 4, sizeBytes: 7 },
      ...{ filesNew: 4, filesChanged: 0, filesGone: 0 },
    });
    assert.equal(first.sources[0]?.into[0]?.previous, undefined);
    await backup(backupRequest({ sources, repositories: [repository] }), how);
    const same = await planBackup(backupRequest({ sources, repositories: [repository] }), how);
    assert.match(planText(same, new Date()), /→ vault: last backed up .*; 4 files, 7 B: as in that backup\n/);

    const folder = join(workshop.folder, 'tree');
    rmSync(join(folder, 'a', 'x'));
    rmSync(join(folder, 'z'));
    writeFileSync(join(folder, 'a', 'y'), 'changed');
    mkdirSync(join(folder, 'a', 'new'));
    writeFileSync(join(folder, 'a', 'new', 'one'), 'new');
    const plan = await planBackup(backupRequest({ sources, repositories: [repository] }), how);
    const { filesNew, filesChanged, filesGone } = plan.sources[0]?.into[0]?.changes ?? {};
    assert.deepEqual([filesNew, filesChanged, filesGone], [1, 1, 2]);
    assert.equal((await repository.engine.list(how)).snapshots.length, 1);
  });

  test('says the order and the hooks, makes no dump and runs nothing', async () => {
    const begin = () => assert.fail('a dump was begun');
    const hook = { timeoutMs: 1000, onFailure: 'abort', when: 'always' } as const;
    const target = join(workshop.folder, 'never');
    const hooks = {
      before: [{ ...hook, run: ['touch', target] }],
      after: [{ ...hook, run: `TOKEN=s3cret touch ${target}` }],
    };
    const hooked = { hooks, host: 'local', reach: async () => openLocal() };
    const sources = [
      workshop.source('media', { x: '1' }),
      scriptedSource({ name: 'db', kind: 'postgres', begin, hooked }),
      workshop.source('gone'),
    ];
    const repositories = [await workshop.repository('good'), brokenRepository('bad')];
    const plan = await planBackup(backupRequest({ sources, repositories, parallel: 2, hooked }), workshop.how());
    assert.equal(plan.outcome, 'failed');
    assert.deepEqual(planText(plan, new Date()).split('\n'), [
      'job nightly, up to 2 at a time',
      'before: touch',
      '1. db (postgres, database)',
      '   before: touch',
      '   → good: the first time',
      '   → bad: can not be backed up',
      '       there is no repository at bad',
      '       hint: check the location',
      '   after: hook 1',
      '2. media (files, data), after db',
      '   → good: the first time; 1 file, 1 B: 1 new',
      '   → bad: can not be backed up',
      '       there is no repository at bad',
      '       hint: check the location',
      '3. gone (files, data), after db',
      '   → good: can not be backed up',
      `       ${join(workshop.folder, 'gone')} of source gone does not exist`,
      '       hint: check the path in the configuration, and whether its disk is mounted',
      '   → bad: can not be backed up',
      '       there is no repository at bad',
      '       hint: check the location',
      'after: hook 1',
      '',
    ]);
    assert.ok(!JSON.stringify(plan).includes('s3cret'));
  });
});

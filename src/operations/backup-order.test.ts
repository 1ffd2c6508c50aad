import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { backupRequest } from '../../test/fixtures/backup-request.ts';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { scriptedSource } from '../../test/fixtures/scripted-source.ts';
import { SuretyError } from '../base/errors.ts';
import { runInOrder } from './backup/run-in-order.ts';
import { type BackupSource, backup } from './backup.ts';

describe('sources of one run', () => {
  let workshop: Workshop;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  /** Sources that tell when they are read, and how many are at the same time. */
  function observed() {
    const events: string[] = [];
    let reading = 0;
    const seen = { events, most: 0, reading: () => reading };
    const source = (script: Parameters<typeof scriptedSource>[0]): BackupSource =>
      scriptedSource({
        ...script,
        async begin(how) {
          reading += 1;
          seen.most = Math.max(seen.most, reading);
          events.push(`+${script.name}`);
          await script.begin?.(how);
        },
        finish() {
          reading -= 1;
          events.push(`-${script.name}`);
        },
      });
    return { ...seen, most: () => seen.most, source };
  }

  test('a tier begins when all of the tier before it has ended, and what `after` names goes before that', async () => {
    const { source, events } = observed();
    const sources = [
      source({ name: 'rest' }),
      source({ name: 'media', role: 'blobs' }),
      source({ name: 'db', kind: 'postgres', after: ['config'] }),
      source({ name: 'config' }),
      source({ name: 'cache', kind: 'sqlite', role: 'data' }),
    ];
    const repositories = [await workshop.repository('tiers')];
    const report = await backup(backupRequest({ sources, repositories, parallel: 4 }), workshop.how());
    assert.equal(report.outcome, 'ok');
    assert.equal(report.complete, true);
    const early = events.slice(0, 6);
    assert.deepEqual(early, ['+config', '-config', '+db', '-db', '+media', '-media']);
    assert.deepEqual(new Set(events.slice(6)), new Set(['+rest', '+cache', '-rest', '-cache']));
    assert.deepEqual(
      report.members.map((member) => member.source),
      ['config', 'db', 'media', 'rest', 'cache'],
    );
    assert.equal(report.members[1]?.snapshot?.tags.includes('member=2/5'), true);
  });

  test('as many are read at once as are allowed, also into one repository, and no more', {
    timeout: 60_000,
  }, async () => {
    const { source, most, reading } = observed();
    // Each waits until a second one is read beside it, for as long as there can be one.
    const begin = async () => {
      for (let tries = 0; reading() < 2 && tries < 100; tries++) await sleep(20);
      await sleep(50);
    };
    const sources = ['a', 'b', 'c', 'd'].map((name) => source({ name, begin }));
    const repository = await workshop.repository('parallel');
    const how = workshop.how();
    const report = await backup(backupRequest({ sources, repositories: [repository], parallel: 2 }), how);
    assert.equal(report.outcome, 'ok');
    assert.equal(most(), 2);
    assert.equal((await repository.engine.list(how)).snapshots.length, 4);
    const { problems } = await repository.engine.verify({ signal: how.signal, depth: 'data' });
    assert.deepEqual(problems, []);
  });

  test('one after another where that is said, and where a repository takes only one', async () => {
    for (const [parallel, oneAtATime] of [[1, false] as const, [3, true] as const]) {
      const { events, source } = observed();
      const begin = () => sleep(20);
      const sources = ['a', 'b', 'c'].map((name) => source({ name, begin }));
      const repository = { ...(await workshop.repository(`single ${parallel}`)), oneAtATime };
      const report = await backup(backupRequest({ sources, repositories: [repository], parallel }), workshop.how());
      assert.equal(report.outcome, 'ok');
      assert.deepEqual(events, ['+a', '-a', '+b', '-b', '+c', '-c']);
    }
  });

  test('a source is never read twice at the same time', async () => {
    const { most, source } = observed();
    const repositories = [await workshop.repository('left'), await workshop.repository('right')];
    const report = await backup(
      backupRequest({ sources: [source({ name: 'a', begin: () => sleep(20) })], repositories, parallel: 4 }),
      workshop.how(),
    );
    assert.equal(report.members.length, 2);
    assert.equal(most(), 1);
  });

  test('those that come after one that failed run all the same', async () => {
    const { source } = observed();
    const fails = () => {
      throw new SuretyError('source.failed', 'it broke');
    };
    const sources = [source({ name: 'db', kind: 'postgres', begin: fails }), source({ name: 'media', after: ['db'] })];
    const report = await backup(
      backupRequest({ sources, repositories: [await workshop.repository('failing')], parallel: 2 }),
      workshop.how(),
    );
    assert.deepEqual(
      report.members.map(({ outcome, error }) => [outcome, error?.code]),
      [
        ['failed', 'source.failed'],
        ['ok', undefined],
      ],
    );
    assert.equal(report.complete, false);
  });

  test('sources that wait for each other are refused before anything is read', async () => {
    const { source, events } = observed();
    const sources = [source({ name: 'a', after: ['b'] }), source({ name: 'b', after: ['a'] })];
    await assert.rejects(backup(backupRequest({ sources, repositories: [] }), workshop.how()), {
      code: 'config.cycle',
    });
    assert.deepEqual(events, []);
  });
});

test('a piece that waits does not take the place of one that need not', async () => {
  const begun: string[] = [];
  const pieces = [
    { name: 'slow', waitsFor: [], ms: 60 },
    { name: 'waits', waitsFor: ['slow'], ms: 1 },
    { name: 'free', waitsFor: [], ms: 1 },
    { name: 'last', waitsFor: [], ms: 1 },
  ];
  await runInOrder(pieces, 2, async ({ name, ms }) => {
    begun.push(name);
    await sleep(ms);
  });
  assert.deepEqual(begun, ['slow', 'free', 'last', 'waits']);
});

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brokenRepository, openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { SuretyError } from '../base/errors.ts';
import { backup } from './backup.ts';
import { type CheckRequest, check, type PlaceProbe } from './check.ts';

const good: PlaceProbe = { write: async () => {}, freeBytes: async () => 2 ** 40 };
const full: PlaceProbe = {
  write: async () => {
    throw new SuretyError('store.denied', 'can not write to /backup: permission denied', { hint: 'ask the owner' });
  },
  freeBytes: async () => 5 * 2 ** 20,
};

describe('check', () => {
  let workshop: Workshop;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  async function run(request: Partial<CheckRequest>) {
    const report = await check({ repositories: [], sources: [], withoutJob: [], ...request }, workshop.how());
    return {
      outcome: report.outcome,
      lines: report.checks.map((one) => `${one.subject} ${one.what}: ${one.status}`),
      report,
    };
  }

  test('all is well where sources can be read and repositories be written', async () => {
    const repository = { ...(await workshop.repository('vault')), probe: good };
    const { outcome, lines } = await run({
      repositories: [repository],
      sources: [workshop.source('media', { x: '1' })],
    });
    assert.equal(outcome, 'ok');
    assert.deepEqual(lines, [
      'source media readable: ok',
      'repository vault opens: ok',
      'repository vault snapshots: ok',
      'repository vault writable: ok',
      'repository vault free space: ok',
    ]);
  });

  test('each thing that is wrong is a check of its own and hides no other', async () => {
    const repository = { ...(await workshop.repository('vault')), probe: full };
    const broken = { ...brokenRepository('broken'), probe: good };
    const sources = [workshop.source('missing'), workshop.source('media', { x: '1' })];
    const { outcome, lines, report } = await run({
      repositories: [broken, repository],
      sources,
      withoutJob: ['media'],
    });
    assert.equal(outcome, 'failed');
    assert.deepEqual(lines, [
      'source missing readable: failed',
      'source media readable: ok',
      'source media job: warning',
      'repository broken opens: failed',
      'repository vault opens: ok',
      'repository vault snapshots: ok',
      'repository vault writable: failed',
      'repository vault free space: warning',
    ]);
    assert.equal(report.checks[6]?.detail, 'can not write to /backup: permission denied');
    assert.equal(report.checks[6]?.hint, 'ask the owner');
  });

  test('a source that became empty since its newest snapshot fails; one that nobody knows may be empty', async () => {
    const own = openWorkshop();
    await using _ = own;
    const repository = { ...(await own.repository('vault')), probe: good };
    const sources = [own.source('media', { x: '1' }), own.source('notes', { y: '1' })];
    const run1 = { job: '', recoveryPoint: 'P', startedAt: new Date(), force: false };
    await backup({ ...run1, sources, repositories: [repository] }, own.how());
    rmSync(join(own.folder, 'media', 'x'));
    const { outcome, report } = await run({ repositories: [repository], sources });
    assert.equal(outcome, 'failed');
    assert.deepEqual(
      report.checks.slice(0, 2).map(({ subject, status }) => [subject, status]),
      [
        ['source media', 'failed'],
        ['source notes', 'ok'],
      ],
    );
    assert.match(report.checks[0]?.detail ?? '', /is empty but was not before/);
    assert.match(report.checks[0]?.hint ?? '', /disk is mounted/);
    assert.deepEqual((await run({ repositories: [], sources })).outcome, 'ok');
    const elsewhere = sources.map((source) => ({ ...source, host: 'there' }));
    assert.deepEqual((await run({ repositories: [repository], sources: elsewhere })).outcome, 'ok');
  });

  test('a snapshot from the future means that a clock is wrong', async () => {
    const repository = await workshop.repository('future');
    const startedAt = new Date(Date.now() + 86_400_000);
    const run1 = { job: '', recoveryPoint: 'P', startedAt, force: false };
    await backup(
      { ...run1, sources: [workshop.source('media', { x: '1' })], repositories: [repository] },
      workshop.how(),
    );
    const { report } = await run({ repositories: [{ ...repository, probe: good }] });
    assert.match(report.checks.find(({ what }) => what === 'snapshots')?.detail ?? '', /in the future/);
  });
});

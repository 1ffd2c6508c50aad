import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { brokenRepository, openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import { backup } from './backup.ts';
import { type CleanupRequest, cleanup } from './cleanup.ts';
import { recordInto } from './record.ts';

const keep = [{ job: 'nightly', sources: ['media'], policy: { last: 1 }, timeZone: 'UTC' }];

describe('cleanup', () => {
  let workshop: Workshop;
  let repository: Awaited<ReturnType<Workshop['repository']>>;

  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());
  beforeEach(async () => {
    repository = await workshop.repository('vault');
    for (const day of [1, 2, 3]) {
      const source = workshop.source('media', { x: `content of day ${day}`.repeat(1000) });
      const startedAt = new Date(Date.UTC(2026, 0, day));
      const run = { job: 'nightly', recoveryPoint: `P${day}`, startedAt, force: false };
      await backup({ ...run, sources: [source], repositories: [repository] }, workshop.how());
    }
  });

  function request(given: Partial<CleanupRequest> = {}): CleanupRequest {
    const common = { runId: 'C', dryRun: false, prune: true, maxUnused: 0 };
    return { ...common, repositories: [{ repository, keep }], ...given };
  }

  async function count(prefix: string): Promise<number> {
    return (await Array.fromAsync(repository.store.list(prefix, workshop.how()))).length;
  }

  test('removes what the policy lets go, with reasons, and frees its content', async () => {
    const report = await cleanup(request(), workshop.how());
    const [cleaned] = report.repositories;
    assert.equal(report.outcome, 'ok');
    assert.equal(cleaned?.removed.length, 2);
    assert.match(cleaned?.decision?.remove[0]?.reasons.join() ?? '', /not among the last 1/);
    assert.ok((cleaned?.prune?.freedBytes ?? 0) > 0);
    assert.equal(await count('snapshots/'), 1);
  });

  test('a dry run decides the same and removes nothing', async () => {
    const packs = await count('data/');
    const report = await cleanup(request({ dryRun: true }), workshop.how());
    assert.equal(report.repositories[0]?.decision?.remove.length, 2);
    assert.deepEqual(report.repositories[0]?.removed, []);
    assert.deepEqual([await count('snapshots/'), await count('data/')], [3, packs]);
  });

  test('without pruning only the snapshots go', async () => {
    const packs = await count('data/');
    await cleanup(request({ prune: false }), workshop.how());
    assert.deepEqual([await count('snapshots/'), await count('data/')], [1, packs]);
  });

  test('a snapshot that can not be read stops everything in its repository, and only there', async () => {
    await repository.store.put(`snapshots/${'ab'.repeat(32)}`, Buffer.from('garbage'), workshop.how());
    const other = brokenRepository('broken');
    const report = await cleanup(
      request({
        repositories: [
          { repository, keep },
          { repository: other, keep },
        ],
      }),
      workshop.how(),
    );
    assert.deepEqual(
      report.repositories.map(({ error }) => error?.code),
      ['cleanup.refused', 'repository.missing'],
    );
    assert.equal(report.outcome, 'failed');
    assert.equal(await count('snapshots/'), 4);
  });

  test('each repository keeps what it is told to, and has its own result', async () => {
    const other = await workshop.repository('copy');
    const source = workshop.source('media', { x: 'content of day 3'.repeat(1000) });
    const run = { job: 'nightly', recoveryPoint: 'P4', startedAt: new Date(Date.UTC(2026, 0, 4)), force: false };
    await backup({ ...run, sources: [source], repositories: [repository, other] }, workshop.how());
    const keeping = (last: number) => keep.map((one) => ({ ...one, policy: { last } }));
    const repositories = [
      { repository, keep: keeping(2) },
      { repository: other, keep: keeping(1) },
    ];
    const report = await cleanup(request({ repositories }), workshop.how());
    assert.deepEqual(
      report.repositories.map((one) => [one.repository, one.outcome, one.removed.length, one.decision?.keep.length]),
      [
        ['vault', 'ok', 2, 2],
        ['copy', 'ok', 0, 1],
      ],
    );
  });

  test('nothing is removed of a source that is not backed up any more, and that is a warning', async () => {
    const guarded = keep.map((one) => ({ ...one, newestWithinMs: 7 * 86_400_000 }));
    const report = await cleanup(request({ repositories: [{ repository, keep: guarded }] }), workshop.how());
    const [cleaned] = report.repositories;
    assert.deepEqual([report.outcome, cleaned?.removed], ['warnings', []]);
    assert.equal(cleaned?.decision?.refusedSeries[0]?.code, 'newest-is-old');
    assert.match(
      cleaned?.warnings[0]?.message ?? '',
      /^nothing of source media of here is removed: its newest is of 2026-01-03/,
    );
    assert.ok(cleaned?.decision?.keep.every(({ reasons }) => /^nothing is removed: its newest/.test(reasons[0] ?? '')));
    assert.equal(await count('snapshots/'), 3);
  });

  test('nothing of a source is removed after its last backup failed, until one succeeds', async () => {
    const catalog = openSqliteCatalog({ path: join(workshop.folder, 'failed.db') });
    const memory = { catalog, hosts: new Set(['here']) };
    const run = async (day: number, files?: Readonly<Record<string, string>>) => {
      const recorder = recordInto(catalog, { exitCode: () => 0, report: (error) => assert.fail(String(error)) });
      const source = workshop.source(files === undefined ? 'missing' : 'media', files);
      const given = {
        job: 'nightly',
        recoveryPoint: `F${day}`,
        startedAt: new Date(Date.UTC(2026, 1, day)),
        force: false,
      };
      const sources = [{ ...source, name: 'media' }];
      await backup({ ...given, sources, repositories: [repository] }, { ...workshop.how(), listen: recorder.listen });
      await recorder.settled();
    };
    await run(1);
    const refused = await cleanup(request({ memory }), workshop.how());
    assert.deepEqual([refused.outcome, refused.repositories[0]?.removed], ['warnings', []]);
    assert.match(
      refused.repositories[0]?.warnings[0]?.message ?? '',
      /its last backup, of 2026-02-01T00:00:00Z, failed: /,
    );
    await run(2, { x: 'good again' });
    assert.equal((await cleanup(request({ memory }), workshop.how())).repositories[0]?.removed.length, 3);
    await catalog[Symbol.asyncDispose]();
  });

  test('what is being restored stays, and is said to', async () => {
    const { snapshots } = await repository.engine.list(workshop.how());
    const restoring = () => new Set([snapshots[0]!.id]);
    const report = await cleanup(request({ restoring }), workshop.how());
    assert.deepEqual(report.repositories[0]?.removed, [snapshots[1]!.id]);
    assert.deepEqual(
      report.repositories[0]?.decision?.keep.find(({ snapshot }) => snapshot.id === snapshots[0]!.id)?.reasons,
      ['being restored'],
    );
  });

  test('records of failed backups count for nothing; the last ten of a source stay', async () => {
    const failures = Array.from({ length: 13 }, (_, at) => ({
      ...{ id: `media_failed_${at}`, time: new Date(Date.UTC(2025, 0, 1 + at)), source: 'media', message: 'no' },
    }));
    const forgotten: string[] = [];
    const engine = {
      ...repository.engine,
      list: async (how: { readonly signal: AbortSignal }) => ({ ...(await repository.engine.list(how)), failures }),
      forget: async (ids: readonly string[]) => {
        forgotten.push(...ids);
        return [];
      },
    };
    const kept = keep.map((one) => ({ ...one, policy: { last: 3 } }));
    const plain = { ...repository, open: async () => engine };
    const report = await cleanup(request({ repositories: [{ repository: plain, keep: kept }] }), workshop.how());
    const [cleaned] = report.repositories;
    assert.deepEqual([cleaned?.removed, cleaned?.decision?.keep.length], [[], 3]);
    assert.deepEqual(cleaned?.removedFailures, ['media_failed_2', 'media_failed_1', 'media_failed_0']);
    assert.deepEqual(forgotten, cleaned?.removedFailures);
  });
});

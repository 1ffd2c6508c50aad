import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { brokenRepository, openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { backup } from './backup.ts';
import { type CleanupRequest, cleanup } from './cleanup.ts';

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
});

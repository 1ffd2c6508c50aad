import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import { backup } from './backup.ts';
import { type ForgetRequest, forget } from './forget.ts';

type Repository = Awaited<ReturnType<Workshop['repository']>>;

describe('forget', () => {
  let workshop: Workshop;
  let catalog: Catalog;
  let vault: Repository;
  let copy: Repository;
  let ids: string[];
  let runs = 0;

  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());
  afterEach(() => catalog[Symbol.asyncDispose]());
  beforeEach(async () => {
    catalog = openSqliteCatalog({ path: join(workshop.folder, `catalog-${++runs}.db`) });
    [vault, copy, ids] = [await workshop.repository('vault'), await workshop.repository('copy'), []];
    for (const day of [1, 2, 3]) {
      const sources = [workshop.source('media', { x: `content of day ${day}`.repeat(1000) })];
      const startedAt = new Date(Date.UTC(2026, 0, day));
      const run = { job: 'nightly', recoveryPoint: `2026010${day}T000000Z-aaaa`, startedAt, force: false };
      const { members } = await backup({ ...run, sources, repositories: [vault, copy] }, workshop.how());
      ids.push(members.find(({ repository }) => repository === 'vault')!.snapshot!.id);
    }
  });

  function run(wanted: readonly string[], given: Partial<ForgetRequest> = {}) {
    const request = {
      runId: 'F',
      dryRun: false,
      prune: false,
      maxUnused: 0,
      named: false,
      allowNewest: false,
      allowPinned: false,
      now: new Date(),
      catalog,
    };
    const restoring = () => new Set<string>();
    return forget({ ...request, restoring, repositories: [vault, copy], ids: wanted, ...given }, workshop.how());
  }

  async function left(repository: Repository): Promise<string[]> {
    const { snapshots } = await repository.engine.list(workshop.how());
    return snapshots.map(({ time }) => String(time.getUTCDate()));
  }

  test('a snapshot goes from the repository that has it, and a dry run only says so', async () => {
    const dry = await run([ids[0]!.slice(0, 12)], { dryRun: true });
    assert.deepEqual(
      dry.repositories.map(({ going, removed }) => [going.map(({ id }) => id), removed]),
      [[[ids[0]], []]],
    );
    assert.deepEqual(await left(vault), ['1', '2', '3']);
    const done = await run([ids[0]!], { prune: true });
    assert.deepEqual([done.outcome, done.repositories[0]?.removed], ['ok', [ids[0]]]);
    assert.ok((done.repositories[0]?.prune?.freedBytes ?? 0) > 0);
    assert.deepEqual(
      [await left(vault), await left(copy)],
      [
        ['2', '3'],
        ['1', '2', '3'],
      ],
    );
  });

  test('a recovery point in several repositories goes only from those that are named', async () => {
    await assert.rejects(run(['20260101T']), { code: 'snapshot.ambiguous', message: /is in vault and copy/ });
    await run(['20260101T'], { named: true });
    assert.deepEqual(
      [await left(vault), await left(copy)],
      [
        ['2', '3'],
        ['2', '3'],
      ],
    );
  });

  test('the newest good one, the newest proven one and what is being restored stay, and nothing else goes then', async () => {
    const refused = (wanted: readonly string[], why: RegExp, given: Partial<ForgetRequest> = {}) =>
      assert.rejects(run(wanted, given), { code: 'forget.protected', message: why });
    await refused([ids[0]!, ids[2]!], /is the newest good one of source media in repository vault/);
    const verdict = { repository: 'vault', depth: 'data' as const, at: new Date(), message: 'damaged' };
    await catalog.recordVerdicts([{ ...verdict, snapshot: ids[2]!, ok: false }]);
    await refused([ids[1]!], /newest good one/);
    await catalog.beginRun({ id: 'R', verb: 'restore', job: '', startedAt: new Date() });
    const checks = [{ what: 'whole snapshot', ok: true, detail: '' }];
    const times = { startedAt: new Date(), endedAt: new Date() };
    const restored = { source: 'media', repository: 'vault', snapshot: ids[0]!, ...times, outcome: 'ok' as const };
    const rest = { sizeBytes: 0, checks, error: undefined, target: '', files: 1, failedCount: 0 };
    await catalog.recordRestore('R', { ...restored, ...rest });
    await refused([ids[0]!], /newest proven one/);
    await refused([ids[0]!], /is being restored/, { restoring: () => new Set([ids[0]!]), allowNewest: true });
    assert.deepEqual(await left(vault), ['1', '2', '3']);
    // The damaged newest one can be spared, and with a word everything else.
    await run([ids[2]!]);
    await run([ids[0]!, ids[1]!], { allowNewest: true });
    assert.deepEqual(await left(vault), []);
  });

  test('what can not be read and records of failed backups can be removed by their ids', async () => {
    const id = 'cd'.repeat(32);
    await vault.store.put(`snapshots/${id}`, Buffer.from('garbage'), workshop.how());
    const failures = [{ id: 'media_20260102_000000', time: new Date(), source: 'media', message: 'no' }];
    const forgotten: string[] = [];
    const engine = {
      ...vault.engine,
      list: async (how: { readonly signal: AbortSignal }) => ({ ...(await vault.engine.list(how)), failures }),
      forget: async (gone: readonly string[], how: { readonly signal: AbortSignal }) => {
        forgotten.push(...gone);
        return await vault.engine.forget(gone, how);
      },
    };
    const repositories = [{ ...vault, open: async () => engine }];
    const report = await run(['cdcdcdcdcd', 'media_20260102_000000'], { repositories });
    assert.deepEqual(
      report.repositories[0]?.going.map(({ what }) => what),
      ['unreadable', 'failure'],
    );
    assert.deepEqual(forgotten, [id, 'media_20260102_000000']);
    assert.deepEqual((await vault.engine.list(workshop.how())).unreadable, []);
    await assert.rejects(run(['cdcdcdcdcd'], { repositories }), { code: 'snapshot.unknown' });
  });
});

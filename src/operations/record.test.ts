import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brokenRepository, openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import type { Engine } from '../engines/engine.ts';
import { type BackupReport, backup } from './backup.ts';
import { cleanup } from './cleanup.ts';
import { listenAll } from './events.ts';
import { forget as forgetSnapshots } from './forget.ts';
import { provenSnapshots } from './proven.ts';
import { rebuildCatalog } from './rebuild-catalog.ts';
import { recordInto } from './record.ts';
import { restore } from './restore.ts';
import { verify } from './verify.ts';

describe('what happens is in the catalog', () => {
  let workshop: Workshop;
  let catalog: Catalog;
  let repository: Awaited<ReturnType<Workshop['repository']>>;
  let report: BackupReport;
  const problems: unknown[] = [];

  before(async () => {
    workshop = openWorkshop();
    catalog = openSqliteCatalog({ path: join(workshop.folder, 'catalog.db') });
    repository = await workshop.repository('vault');
  });
  after(async () => {
    await catalog[Symbol.asyncDispose]();
    await workshop[Symbol.asyncDispose]();
    assert.deepEqual(problems, []);
  });

  /** Calls an operation with a recorder, and waits until all is written. */
  async function recorded<Result>(operate: (how: ReturnType<Workshop['how']>) => Promise<Result>): Promise<Result> {
    const recorder = recordInto(catalog, {
      exitCode: (outcome, codes) => (outcome === 'ok' ? 0 : codes.length + 10),
      report: (error) => problems.push(error),
    });
    const how = workshop.how();
    const result = await operate({ ...how, listen: listenAll([recorder.listen], (error) => problems.push(error)) });
    await recorder.settled();
    return result;
  }

  const source = () => workshop.source('media', { x: 'content', y: 'more' });

  test('a backup is a run with its members, what they stored and why they failed', async () => {
    const repositories = [repository, brokenRepository('broken')];
    const startedAt = new Date();
    const run = { job: 'nightly', recoveryPoint: 'P1', startedAt, force: false };
    report = await recorded((how) => backup({ ...run, sources: [source()], repositories }, how));
    const found = await catalog.run('P1');
    assert.deepEqual([found?.verb, found?.job, found?.outcome, found?.exitCode], ['backup', 'nightly', 'failed', 11]);
    const [failed, stored] = found?.members.toSorted((a, b) => (a.repository < b.repository ? -1 : 1)) ?? [];
    assert.equal(failed?.error?.code, 'repository.missing');
    assert.equal(stored?.snapshot?.id, report.members[0]?.snapshot?.id);
    assert.equal(stored?.stats.filesNew, 2);
    assert.equal((await catalog.lastSuccess('media', 'vault'))?.runId, 'P1');
  });

  test('the exit code of a run has nothing to do with what failed in another one', async () => {
    const one = (recoveryPoint: string, name: string) => ({
      ...{ job: 'nightly', recoveryPoint, startedAt: new Date(), force: false, sources: [source()] },
      repositories: [brokenRepository(name)],
    });
    await recorded(async (how) => {
      await backup(one('P2', 'broken'), how);
      await backup(one('P3', 'worse'), how);
    });
    assert.deepEqual([(await catalog.run('P2'))?.exitCode, (await catalog.run('P3'))?.exitCode], [11, 11]);
  });

  test('a verification is remembered with what was read', async () => {
    const request = { runId: 'V1', repositories: [repository], ids: [], latest: {}, subset: undefined };
    const verified = await recorded((how) => verify({ ...request, depth: 'data' }, how));
    assert.equal(verified.outcome, 'ok');
    const [record] = await catalog.verifications({ limit: 10 });
    assert.deepEqual(
      [record?.repository, record?.depth, record?.outcome, record?.problemCount],
      ['vault', 'data', 'ok', 0],
    );
    assert.ok((record?.readBytes ?? 0) > 0);
  });

  test('only a restore of everything proves a snapshot', async () => {
    const snapshot = report.members[0]!.snapshot!;
    const request = {
      items: [{ repository, snapshot, source: source() }],
      conflict: 'refuse',
      decision: 'replace-nothing',
    } as const;
    const to = (name: string) => join(workshop.folder, name);
    const part = { ...request, runId: 'R1', target: to('part'), select: ['media/x'], dryRun: false };
    await recorded((how) => restore(part, how));
    await recorded((how) => restore({ ...part, runId: 'R2', target: to('dry'), select: undefined, dryRun: true }, how));
    assert.deepEqual([...(await provenSnapshots(catalog))], []);
    await recorded((how) => restore({ ...part, runId: 'R3', target: to('all'), select: undefined }, how));
    assert.deepEqual([...(await provenSnapshots(catalog))], [snapshot.id]);
    assert.equal((await catalog.restores({ limit: 10 })).length, 2);
  });

  test('cleanup takes what it removed out of the catalog, and a rebuild writes what is there', async () => {
    const startedAt = new Date();
    const run = { job: 'nightly', recoveryPoint: 'P2', startedAt, force: false };
    await recorded((how) => backup({ ...run, sources: [source()], repositories: [repository] }, how));
    assert.equal((await catalog.snapshots({})).length, 2);
    const keep = [{ job: 'nightly', sources: ['media'], policy: { last: 1 }, timeZone: 'UTC' }];
    const request = { runId: 'C1', repositories: [{ repository, keep }], prune: true, maxUnused: 0.05, dryRun: false };
    const cleaned = await recorded((how) => cleanup({ ...request }, how));
    assert.equal(cleaned.outcome, 'ok');
    assert.deepEqual(cleaned.repositories[0]?.removed, [report.members[0]?.snapshot?.id]);
    assert.equal((await catalog.snapshots({})).length, 1);

    await catalog.replaceSnapshots('vault', []);
    const rebuilt = await rebuildCatalog(
      { catalog, repositories: [repository, brokenRepository('broken')] },
      workshop.how(),
    );
    assert.equal(rebuilt.outcome, 'failed');
    assert.deepEqual(
      rebuilt.repositories.map(({ snapshots, error }) => [snapshots, error?.code]),
      [
        [1, undefined],
        [0, 'repository.missing'],
      ],
    );
    assert.equal((await catalog.snapshots({ repository: 'vault' })).length, 1);
  });

  test('what a cleanup could not remove is still remembered, and what was found of it', async () => {
    const vault = await workshop.repository('locked');
    const [first, second] = [new Date(Date.now() - 1000), new Date()];
    for (const [recoveryPoint, startedAt] of [
      ['L1', first],
      ['L2', second],
    ] as const) {
      const run = { job: 'nightly', recoveryPoint, startedAt, force: false };
      await recorded((how) => backup({ ...run, sources: [source()], repositories: [vault] }, how));
    }
    const [old, newest] = await catalog.snapshots({ repository: 'locked' });
    const bad = { repository: 'locked', depth: 'data', at: second, ok: false, message: 'damaged' } as const;
    await catalog.recordVerdicts([{ ...bad, snapshot: old!.id }]);
    let isLocked = true;
    const forget: Engine['forget'] = async (ids, how) =>
      isLocked ? ids.map((id) => ({ id, until: undefined })) : await vault.engine.forget(ids, how);
    const engine: Engine = { ...vault.engine, forget };
    const request = { repositories: [{ ...vault, open: async () => engine }], named: true, ids: [old!.id] };
    const how = { allowNewest: true, allowPinned: true, catalog, now: second, restoring: () => new Set<string>() };
    const again = async () => {
      const run = { runId: 'F1', dryRun: false, prune: false, maxUnused: 0.05 };
      await recorded((to) => forgetSnapshots({ ...request, ...how, ...run }, to));
      const ids = (await catalog.snapshots({ repository: 'locked' })).map(({ id }) => id);
      return { ids, verdicts: (await catalog.verdicts({ repository: 'locked' })).length };
    };
    assert.deepEqual(await again(), { ids: [old!.id, newest!.id], verdicts: 1 });
    isLocked = false;
    assert.deepEqual(await again(), { ids: [newest!.id], verdicts: 0 });
  });

  test('a catalog that fails is reported once and ends no run', async () => {
    const closed = openSqliteCatalog({ path: join(workshop.folder, 'closed.db') });
    await closed[Symbol.asyncDispose]();
    const failures: unknown[] = [];
    const recorder = recordInto(closed, { exitCode: () => 0, report: (error) => failures.push(error) });
    const how = { ...workshop.how(), listen: recorder.listen };
    const run = { job: '', recoveryPoint: 'P3', startedAt: new Date(), force: false };
    const done = await backup({ ...run, sources: [source()], repositories: [repository] }, how);
    await recorder.settled();
    assert.equal(done.outcome, 'ok');
    assert.equal(failures.length, 1);
  });
});

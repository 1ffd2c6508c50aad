import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import { backup } from './backup.ts';
import { cleanup } from './cleanup.ts';
import { listenAll } from './events.ts';
import type { RepositoryHandle } from './handles.ts';
import type { Memory } from './memory.ts';
import { rebuildCatalog } from './rebuild-catalog.ts';
import { recordInto } from './record.ts';
import { verify } from './verify.ts';

type Vault = Awaited<ReturnType<Workshop['repository']>>;

describe('what the catalog remembers is compared with the repository', () => {
  let workshop: Workshop;
  let catalog: Catalog;
  let memory: Memory;
  let vault: Vault;
  let runs = 0;

  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());
  beforeEach(async () => {
    catalog = openSqliteCatalog({ path: join(workshop.folder, `catalog-${++runs}.db`) });
    memory = { catalog, hosts: new Set(['here']) };
    vault = await workshop.repository('vault');
  });
  afterEach(() => catalog[Symbol.asyncDispose]());

  async function recorded<Result>(operate: (how: ReturnType<Workshop['how']>) => Promise<Result>): Promise<Result> {
    const recorder = recordInto(catalog, { exitCode: () => 0, report: fail });
    const how = workshop.how();
    const result = await operate({ ...how, listen: listenAll([how.listen, recorder.listen], fail) });
    await recorder.settled();
    return result;
  }

  function backUp(into: RepositoryHandle, names = ['media']) {
    const run = ++runs;
    const sources = names.map((name) => workshop.source(name, { x: `${run}`.repeat(50_000) }));
    const startedAt = new Date(Date.UTC(2026, 0, 1, 0, run));
    const request = { job: 'nightly', recoveryPoint: `P${run}`, startedAt, force: false, memory };
    return recorded((how) => backup({ ...request, sources, repositories: [into] }, how));
  }

  async function check(repository: Vault, how: { readonly ids?: readonly string[] } = {}) {
    const request = { repositories: [repository], ids: how.ids ?? [], latest: {}, depth: 'structure' } as const;
    const found = await recorded((tools) =>
      verify({ ...request, runId: `V${++runs}`, subset: undefined, memory }, tools),
    );
    const { report } = found.repositories[0]!;
    return { outcome: found.outcome, problems: report!.problems, notes: report!.notes };
  }

  function clean(given: { readonly last: number; readonly dryRun?: boolean; readonly repository?: RepositoryHandle }) {
    const keep = [{ job: 'nightly', sources: ['media'], policy: { last: given.last }, timeZone: 'UTC' }];
    const request = { runId: `C${++runs}`, prune: true, maxUnused: 0, memory };
    const repositories = [{ repository: given.repository ?? vault, keep }];
    return recorded((how) => cleanup({ ...request, dryRun: given.dryRun ?? false, repositories }, how));
  }

  /** Backs up so often, and loses the file of the newest snapshot. Returns its id. */
  async function lose(backups: number): Promise<string> {
    let id = '';
    for (let at = 0; at < backups; at++) id = (await backUp(vault)).members[0]!.snapshot!.id;
    await vault.store.delete(`snapshots/${id}`, workshop.how());
    return id;
  }

  const fail = (error: unknown) => {
    throw error;
  };
  const codes = (warnings: readonly { readonly code: string }[] = []) => warnings.map(({ code }) => code);

  test('verify reports a snapshot that is gone though nobody removed it, until the catalog is rebuilt', async () => {
    const lost = await lose(2);
    const found = await check(vault);
    assert.equal(found.outcome, 'failed');
    assert.deepEqual(
      found.problems.map(({ code, key, affects }) => [code, key, affects[0]?.snapshot]),
      [['snapshot.missing', `snapshots/${lost}`, lost]],
    );
    assert.match(found.problems[0]!.message, /source media taken at 2026-01-01T/);
    const [record] = await catalog.verifications({ limit: 1 });
    assert.equal(record?.problemCount, 1);
    await rebuildCatalog({ catalog, repositories: [vault] }, workshop.how());
    assert.equal((await check(vault)).outcome, 'ok');
  });

  test('a backup names what is gone once, and succeeds', async () => {
    const lost = await lose(1);
    const { members, outcome } = await backUp(vault, ['media', 'other']);
    assert.equal(outcome, 'warnings');
    assert.deepEqual(
      members.map(({ warnings }) => warnings.map(({ code, path }) => [code, path])),
      [[['snapshot.missing', `snapshots/${lost}`]], []],
    );
    assert.match(members[0]!.warnings[0]!.message, /surety catalog rebuild/);
  });

  test('cleanup removes nothing and frees nothing while a snapshot is gone that it did not remove', async () => {
    await lose(3);
    const packs = () => Array.fromAsync(vault.store.list('data/', workshop.how()));
    const before = await packs();
    for (const dryRun of [true, false]) {
      const report = await clean({ last: 1, dryRun });
      const [cleaned] = report.repositories;
      assert.deepEqual([report.outcome, codes(cleaned?.warnings)], ['failed', ['snapshot.missing']]);
      assert.deepEqual([cleaned?.removed, cleaned?.prune], [[], undefined]);
      assert.equal(cleaned?.error?.code, 'cleanup.refused');
      assert.match(
        cleaned?.error?.message ?? '',
        /the list of snapshots may be partial: 1 that was stored is not in it/,
      );
      assert.match(cleaned?.error?.hint ?? '', /surety catalog rebuild/);
      assert.ok(cleaned?.decision?.keep.every(({ reasons }) => /nothing is removed: /.test(reasons[0] ?? '')));
    }
    assert.deepEqual(await packs(), before);
    await rebuildCatalog({ catalog, repositories: [vault] }, workshop.how());
    const again = await clean({ last: 1 });
    assert.equal(again.outcome, 'ok');
    assert.ok((again.repositories[0]?.prune?.freedBytes ?? 0) > 0);
  });

  test('what cleanup removed is not missed, also when it came to no end', async () => {
    await backUp(vault);
    await backUp(vault);
    const engine = { ...vault.engine, prune: () => Promise.reject(new Error('no room')) };
    const done = await clean({ last: 1, repository: { ...vault, open: async () => engine } });
    assert.equal(done.outcome, 'failed');
    assert.equal((await vault.engine.list(workshop.how())).snapshots.length, 1);
    assert.deepEqual((await check(vault)).problems, []);
  });

  test('snapshots of other machines and other programs are not missed', async () => {
    const lost = await lose(1);
    const [known] = await catalog.snapshots({});
    assert.equal(known?.id, lost);
    await catalog.replaceSnapshots('vault', [
      { ...known!, host: 'there' },
      { ...known!, id: 'ab'.repeat(32), recoveryPoint: '' },
    ]);
    assert.equal((await check(vault)).outcome, 'ok');
  });

  test('a verification of named snapshots looks at nothing else', async () => {
    const kept = (await backUp(vault)).members[0]!.snapshot!.id;
    await lose(1);
    assert.equal((await check(vault, { ids: [kept] })).outcome, 'ok');
  });

  test('another repository at the same place is noticed by verify, and by a backup once', async () => {
    await backUp(vault);
    const other = await workshop.repository('vault');
    const found = await check(other);
    assert.deepEqual([found.outcome, found.problems], ['ok', []]);
    assert.match(found.notes[0]!, /^repository vault is not the one of 20\d\d-/);
    const first = await backUp(other);
    assert.deepEqual([first.outcome, codes(first.members[0]?.warnings)], ['warnings', ['repository.replaced']]);
    assert.equal((await backUp(other)).outcome, 'ok');
    assert.deepEqual((await check(other)).notes, []);
  });

  test('a repository that was moved is the same one', async () => {
    await backUp(vault);
    assert.equal((await backUp({ ...vault, location: 'elsewhere' })).outcome, 'ok');
  });

  test('a catalog that can not be read stops no backup', async () => {
    await lose(1);
    const closed = openSqliteCatalog({ path: join(workshop.folder, `closed-${++runs}.db`) });
    await closed[Symbol.asyncDispose]();
    memory = { catalog: closed, hosts: new Set(['here']) };
    assert.equal((await backUp(vault)).outcome, 'ok');
  });
});

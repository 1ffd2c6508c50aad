import assert from 'node:assert/strict';
import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { noise } from '../../test/fixtures/content.ts';
import { brokenRepository, openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import type { BackupSource } from './backup.ts';
import { backup } from './backup.ts';
import { listenAll } from './events.ts';
import { type HealOutcome, type HealRequest, heal } from './heal.ts';
import { recordInto } from './record.ts';
import { snapshotStates } from './snapshot-states.ts';
import { verify } from './verify.ts';

type Repository = Awaited<ReturnType<Workshop['repository']>>;

/** Larger than the largest piece, so that it is always several, and two repositories cut it differently. */
const LARGE = noise(1, 4_300_000).toString('hex');

describe('heal', () => {
  let workshop: Workshop;
  let catalog: Catalog;
  let source: BackupSource;
  let runs = 0;
  before(() => {
    workshop = openWorkshop();
    catalog = openSqliteCatalog({ path: join(workshop.folder, 'catalog.db') });
  });
  after(async () => {
    await catalog[Symbol.asyncDispose]();
    await workshop[Symbol.asyncDispose]();
  });

  /** Two repositories, each with its own secrets, that one run has written. */
  let vault: Repository;
  let second: Repository;
  beforeEach(async () => {
    runs += 1;
    source = workshop.source(`media${runs}`, { 'large.bin': LARGE, 'small.txt': `small ${runs}`, 'sub/b': 'b' });
    [vault, second] = [await workshop.repository(`vault${runs}`), await workshop.repository(`second${runs}`)];
    const run = {
      job: 'nightly',
      recoveryPoint: `2026010${runs % 10}T000000Z-aaaa`,
      startedAt: new Date(),
      force: false,
    };
    await backup({ ...run, sources: [source], repositories: [vault, second] }, recorded());
  });

  function recorded(): ReturnType<Workshop['how']> {
    const how = workshop.how();
    const recorder = recordInto(catalog, { exitCode: () => 0, report: (error) => assert.fail(String(error)) });
    return { ...how, listen: listenAll([how.listen, recorder.listen], (error) => assert.fail(String(error))) };
  }

  /** Every pack that has no directories in it. */
  async function spoilData(repository: Repository): Promise<void> {
    for (const { key, sizeBytes } of await Array.fromAsync(repository.store.list('data/', workshop.how()))) {
      if (sizeBytes < 100_000) continue;
      const bytes = Buffer.from(await repository.store.read(key, undefined, workshop.how()));
      for (let at = 50; at < bytes.length; at += 100_000) bytes[at]! ^= 1;
      await repository.store.put(key, bytes, workshop.how());
    }
  }

  async function verifyData(repository: Repository): Promise<number> {
    const request = { runId: `verify${runs}${Math.random()}`, repositories: [repository], ids: [], latest: {} };
    const report = await verify({ ...request, depth: 'data', subset: undefined }, recorded());
    return report.repositories[0]!.report!.problems.length;
  }

  function healWith(request: Partial<HealRequest>): Promise<HealOutcome> {
    return heal(
      {
        ...{ runId: `heal${runs}${Math.random()}`, repositories: [vault], from: [], sources: [], catalog },
        ...{ readData: false, dryRun: false, ...request },
      },
      recorded(),
    );
  }

  test('takes content from a repository that cuts it differently', async () => {
    await spoilData(vault);
    assert.ok((await verifyData(vault)) > 0);
    const report = await healWith({ from: [vault, second] });
    const [healed] = report.repositories;
    assert.equal(report.outcome, 'warnings', JSON.stringify(healed));
    assert.deepEqual(
      healed!.healed!.healed.map(({ from }) => from),
      [`repository ${second.name}`],
    );
    assert.deepEqual([healed!.after!.problems, healed!.healed!.lost.blobs], [[], 0]);
    assert.equal(await verifyData(vault), 0);
  });

  test('takes what has not changed from the source, and says what of the rest is lost', async () => {
    await spoilData(vault);
    const report = await healWith({ sources: [source], readData: true });
    assert.equal(report.outcome, 'warnings');
    assert.equal(report.repositories[0]!.healed!.healed[0]!.from, `source ${source.name}`);
    assert.equal(await verifyData(vault), 0);

    await spoilData(second);
    const path = join(workshop.folder, source.name, 'large.bin');
    writeFileSync(path, Buffer.from(LARGE).fill(7, 0, 100_000));
    utimesSync(path, 1, 1);
    const lost = await healWith({ repositories: [second], sources: [source], readData: true });
    assert.equal(lost.outcome, 'failed');
    const { healed, after: left } = lost.repositories[0]!;
    assert.equal(healed!.lost.blobs, 1, 'the first piece');
    assert.ok(healed!.healed[0]!.blobs > 0);
    assert.match(healed!.lost.affects[0]!.path, /large\.bin$/);
    assert.deepEqual(
      left!.problems.map(({ code, affects }) => [code, affects[0]?.path]),
      [['blob.missing', healed!.lost.affects[0]!.path]],
    );
  });

  test('a source that is gone, one of another name and a repository that can not be opened give nothing', async () => {
    await spoilData(vault);
    await verifyData(vault);
    rmSync(join(workshop.folder, source.name), { recursive: true });
    const other = workshop.source('other', { 'large.bin': LARGE });
    const closed = brokenRepository('closed', 'repository.wrong-password');
    const report = await healWith({ from: [closed], sources: [source, other] });
    const [one] = report.repositories;
    assert.equal(report.outcome, 'failed');
    assert.deepEqual(one!.healed!.healed, []);
    const said = one!.warnings.map(({ message }) => message).join('\n');
    assert.match(said, /repository closed can not be used: there is no repository at closed/);
    assert.match(said, new RegExp(`source ${source.name} can not be used`));
    // And when the source is back, the rest is healed.
    workshop.source(source.name, { 'large.bin': LARGE, 'small.txt': `small ${runs}`, 'sub/b': 'b' });
    const again = await healWith({ sources: [source] });
    assert.equal(again.outcome, 'warnings', JSON.stringify(again.repositories[0]!.healed));
    assert.equal(await verifyData(vault), 0);
  });

  test('without reading all, it knows what earlier verifications found, and what it healed counts as read', async () => {
    const [snapshot] = (await vault.engine.list(workshop.how())).snapshots;
    await spoilData(vault);
    assert.equal((await healWith({ from: [second] })).outcome, 'ok', 'nobody knows yet');
    await verifyData(vault);
    const state = async () => (await snapshotStates(catalog, vault.name))(snapshot!.id).state;
    assert.equal(await state(), 'bad');
    const planned = await healWith({ from: [second], dryRun: true });
    assert.deepEqual([planned.outcome, await state()], ['warnings', 'bad']);
    assert.equal((await healWith({ from: [second] })).outcome, 'warnings');
    assert.equal(await state(), 'data');
    const [verdict] = (await catalog.verdicts({ repository: vault.name })).filter(({ depth }) => depth === 'data');
    assert.deepEqual([verdict?.ok, verdict?.message], [true, `healed from repository ${second.name}`]);
    assert.equal((await healWith({ from: [second] })).outcome, 'ok');
  });

  test('a directory that only a repository with other pieces has comes back with a new copy of the snapshot', async () => {
    const [old] = (await vault.engine.list(workshop.how())).snapshots;
    for (const { key, sizeBytes } of await Array.fromAsync(vault.store.list('data/', workshop.how())))
      if (sizeBytes < 100_000) await vault.store.delete(key, workshop.how());
    const planned = await healWith({ from: [second], dryRun: true });
    assert.deepEqual(
      [planned.outcome, planned.repositories[0]!.replaced],
      ['warnings', [{ snapshot: old!.id, by: '', from: second.name }]],
    );
    const report = await healWith({ from: [second] });
    const { replaced, healed, after: left } = report.repositories[0]!;
    assert.deepEqual(healed!.lost, { blobs: 0, files: [], affects: [], toCopy: [] });
    assert.deepEqual([report.outcome, left!.problems], ['warnings', []], JSON.stringify(report.repositories[0]));
    const { snapshots } = await vault.engine.list(workshop.how());
    assert.deepEqual([snapshots.length, replaced[0]!.by], [1, snapshots[0]!.id]);
    for (const fact of ['source', 'host', 'recoveryPoint', 'paths', 'tags'] as const)
      assert.deepEqual(snapshots[0]![fact], old![fact]);
    assert.deepEqual(snapshots[0]!.time, old!.time);
    const known = await catalog.snapshots({ repository: vault.name });
    assert.deepEqual(
      known.map(({ id }) => id),
      [snapshots[0]!.id],
    );
    assert.equal(await verifyData(vault), 0);
  });

  test('a snapshot whose file is damaged comes back from a repository of the same job', async () => {
    const [old] = (await vault.engine.list(workshop.how())).snapshots;
    await vault.store.put(`snapshots/${old!.id}`, Buffer.from('spoiled'), workshop.how());
    const alone = await healWith({});
    assert.deepEqual(
      [alone.outcome, alone.repositories[0]!.healed!.lost.files.map(({ key }) => key)],
      ['failed', [`snapshots/${old!.id}`]],
    );
    const report = await healWith({ from: [second] });
    assert.equal(report.outcome, 'warnings', JSON.stringify(report.repositories[0]));
    const { snapshots, unreadable } = await vault.engine.list(workshop.how());
    assert.deepEqual([unreadable, snapshots.map(({ recoveryPoint }) => recoveryPoint)], [[], [old!.recoveryPoint]]);
    assert.equal(await verifyData(vault), 0);
  });

  test('one repository that can not be looked at does not stop the others', async () => {
    await spoilData(vault);
    const closed = brokenRepository('closed');
    const report = await healWith({ repositories: [closed, vault], from: [second], readData: true });
    assert.deepEqual(
      report.repositories.map(({ outcome }) => outcome),
      ['failed', 'warnings'],
    );
    assert.equal(report.outcome, 'failed');
    assert.match(report.repositories[0]!.error!.message, /there is no repository at closed/);
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brokenRepository, openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import { backup } from './backup.ts';
import { listenAll } from './events.ts';
import { recordInto } from './record.ts';
import { type VerifyRequest, verify } from './verify.ts';

type Repository = Awaited<ReturnType<Workshop['repository']>>;

describe('verify', () => {
  let workshop: Workshop;
  let catalog: Catalog;
  let vault: Repository;
  let copy: Repository;
  const ids: string[] = [];

  before(async () => {
    workshop = openWorkshop();
    catalog = openSqliteCatalog({ path: join(workshop.folder, 'catalog.db') });
    [vault, copy] = [await workshop.repository('vault'), await workshop.repository('copy')];
    for (const day of [1, 2, 3]) {
      const sources = [workshop.source('media', { x: `content of day ${day}`.repeat(1000) })];
      const startedAt = new Date(Date.UTC(2026, 0, day));
      const run = { job: 'nightly', recoveryPoint: `2026010${day}T000000Z-aaaa`, startedAt, force: false };
      const { members } = await backup({ ...run, sources, repositories: [vault, copy] }, workshop.how());
      ids.push(members[0]!.snapshot!.id);
    }
    // What only the newest snapshot needs.
    const packs = await Array.fromAsync(vault.store.list('data/', workshop.how()));
    const first = await packsOf([ids[0]!, ids[1]!]);
    for (const { key } of packs) if (!first.has(key)) await spoil(key);
  });
  after(async () => {
    await catalog[Symbol.asyncDispose]();
    await workshop[Symbol.asyncDispose]();
  });

  /** Which packs a verification of these snapshots finds missing when all are hidden. */
  async function packsOf(snapshots: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for await (const { key } of vault.store.list('data/', workshop.how())) {
      const bytes = await vault.store.read(key, undefined, workshop.how());
      await vault.store.delete(key, workshop.how());
      const report = await vault.engine.verify({ ...workshop.how(), snapshots, depth: 'structure' });
      if (report.problems.length > 0) found.add(key);
      await vault.store.put(key, Buffer.from(bytes), workshop.how());
    }
    return found;
  }

  async function spoil(key: string): Promise<void> {
    const bytes = Buffer.from(await vault.store.read(key, undefined, workshop.how()));
    bytes[10]! ^= 1;
    await vault.store.delete(key, workshop.how());
    await vault.store.put(key, bytes, workshop.how());
  }

  async function run(given: Partial<VerifyRequest>) {
    const request = { runId: 'V', ids: [], latest: {}, depth: 'data', subset: undefined } as const;
    const recorder = recordInto(catalog, { exitCode: () => 0, report: (error) => assert.fail(String(error)) });
    const how = workshop.how();
    const listen = listenAll([how.listen, recorder.listen], (error) => assert.fail(String(error)));
    const report = await verify({ ...request, repositories: [vault, copy], ...given }, { ...how, listen });
    await recorder.settled();
    const results = report.repositories.map(({ repository, outcome, results = [] }) => [
      repository,
      outcome,
      ...results.map(({ id, ok }) => `${ids.indexOf(id) + 1} ${ok}`),
    ]);
    return { ...report, shown: results };
  }

  test('of everything, each bad snapshot is named once, and the others are good', async () => {
    const { bad, outcome, shown } = await run({});
    assert.equal(outcome, 'failed');
    assert.deepEqual(bad, [ids[2]]);
    assert.deepEqual(shown[0], ['vault', 'failed', '3 false', '2 true', '1 true']);
    assert.equal(shown[1]?.[1], 'ok');
    const verdicts = await catalog.verdicts({ repository: 'vault' });
    assert.deepEqual(
      ids.map((id) => verdicts.find((one) => one.snapshot === id && one.depth === 'data')?.ok),
      [true, true, false],
    );
  });

  test('ids are looked up in all repositories, and a recovery point is verified in each that has it', async () => {
    const one = await run({ ids: [ids[0]!.slice(0, 10)] });
    assert.deepEqual([one.outcome, one.bad], ['ok', []]);
    assert.deepEqual(one.shown, [
      ['vault', 'ok', '1 true'],
      ['copy', 'ok', '0 true'],
    ]);
    const point = await run({ ids: ['20260103T'] });
    assert.deepEqual([point.outcome, point.bad], ['failed', [ids[2]]]);
    assert.deepEqual(
      point.shown.map(([name, outcome]) => [name, outcome]),
      [
        ['vault', 'failed'],
        ['copy', 'ok'],
      ],
    );
    const two = await run({ ids: [ids[2]!, ids[1]!], repositories: [vault] });
    assert.deepEqual(two.shown, [['vault', 'failed', '3 false', '2 true']]);
    await assert.rejects(run({ ids: [ids[1]!, 'ffff'] }), { code: 'snapshot.unknown' });
  });

  test('with a time, all repositories are asked for what was taken since; nothing at all is a warning', async () => {
    const recent = await run({ since: new Date('2026-01-02T00:00:00Z') });
    assert.deepEqual(recent.shown[0], ['vault', 'failed', '3 false', '2 true']);
    assert.equal(recent.shown[1]?.length, 4);
    const none = await run({ since: new Date('2026-02-01T00:00:00Z') });
    assert.deepEqual(none.shown, [
      ['vault', 'warnings'],
      ['copy', 'warnings'],
    ]);
    assert.match(none.repositories[0]?.warnings[0]?.message ?? '', /there is no snapshot since 2026-02-01/);
    const gone = await run({ since: new Date('2026-01-01T00:00:00Z'), repositories: [brokenRepository('gone'), copy] });
    assert.deepEqual(
      gone.shown.map(([name, outcome]) => [name, outcome]),
      [
        ['gone', 'failed'],
        ['copy', 'ok'],
      ],
    );
  });

  test('a snapshot that can not even be read is found by its id, and bad', async () => {
    const id = 'cd'.repeat(32);
    await copy.store.put(`snapshots/${id}`, Buffer.from('garbage'), workshop.how());
    const asked = await run({ ids: ['cdcd'] });
    assert.deepEqual([asked.outcome, asked.bad], ['failed', [id]]);
    assert.equal(asked.repositories[0]?.report?.problems[0]?.code, 'snapshot.damaged');
    const since = await run({ since: new Date('2026-01-03T00:00:00Z'), repositories: [copy] });
    assert.deepEqual(since.bad, [id]);
    assert.deepEqual((await run({ repositories: [copy] })).bad, [id]);
    await copy.store.delete(`snapshots/${id}`, workshop.how());
  });

  test('reading a part of the data says nothing of the data of a snapshot', async () => {
    await run({ repositories: [copy], subset: { percent: 100 }, runId: 'part' });
    const [id] = await copy.engine.list(workshop.how()).then(({ snapshots }) => snapshots.map((one) => one.id));
    const verdicts = (await catalog.verdicts({ repository: 'copy' })).filter((one) => one.snapshot === id);
    const newest = verdicts.toSorted((left, right) => right.at.getTime() - left.at.getTime())[0];
    assert.equal(newest?.depth, 'structure');
  });
});

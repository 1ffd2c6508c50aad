import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { listedRepository, pointOf, snapshotOf } from '../../test/fixtures/snapshots.ts';
import { SuretyError } from '../base/errors.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import type { SnapshotType } from './list/listed-snapshot.ts';
import { type ListRequest, list } from './list.ts';
import { toSnapshotRecord } from './record/snapshot-record.ts';

const how = { signal: new AbortController().signal };
const now = new Date('2026-11-20T12:00:00Z');

const day = (number: number, of?: number) =>
  pointOf({
    id: `202611${number}T030000Z-aaaa`,
    time: `2026-11-${number}T03:00:00Z`,
    members: of === undefined ? { db: `d${number}`, media: `e${number}` } : { db: `d${number}` },
    ...(of === undefined ? {} : { of }),
  });
const listing = {
  snapshots: [...day(17), ...day(18), ...day(19), ...day(20, 2)],
  unreadable: [],
  failures: [
    { id: 'media_20261120_030000', time: new Date('2026-11-20T03:00:00Z'), source: 'media', message: 'it is gone' },
  ],
  incomplete: ['files/files_20261118_030000.tar.gz'],
};
const archive = {
  snapshots: [
    snapshotOf({ id: 'x', source: 'old', host: 'other', time: new Date('2026-11-01T03:00:00Z') }),
    ...day(19).map((one) => ({
      ...one,
      id: one.source === 'db' ? 'database_20261119_030000' : 'files_20261119_030000',
    })),
  ],
  unreadable: [],
};
const repositories = [listedRepository('vault', listing), listedRepository('plain', archive)];

function typeOf(source: string): SnapshotType | undefined {
  return source === 'db' ? 'database' : source === 'media' ? 'files' : undefined;
}

async function ids(given: Partial<ListRequest>) {
  const report = await list({ repositories, typeOf, now, ...given }, how);
  return report.repositories.map(({ snapshots, failures, incomplete }) =>
    [...snapshots, ...failures]
      .map(({ id }) => id.replace(/0+$/, ''))
      .concat(incomplete)
      .join(' '),
  );
}

describe('list', () => {
  let folder: string;
  let catalog: Catalog;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'surety-list-'));
    catalog = openSqliteCatalog({ path: join(folder, 'catalog.db') });
  });
  after(async () => {
    await catalog[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const failure = 'media_20261120_03 files/files_20261118_030000.tar.gz';

  test('the newest comes first, with what failed and what belongs to nothing', async () => {
    const [vault, plain] = await ids({});
    assert.equal(vault, `d2 e19 d19 e18 d18 e17 d17 ${failure}`);
    assert.equal(plain, 'files_20261119_03 database_20261119_03 x');
    assert.equal((await ids({ order: 'oldest-first' }))[0], `d17 e17 d18 e18 d19 e19 d2 ${failure}`);
    assert.equal((await ids({ last: 2 }))[0], `d2 e19 ${failure}`);
  });

  test('sources, hosts, types, states and times narrow it', async () => {
    assert.deepEqual(await ids({ sources: ['media'], statuses: ['ok'] }), ['e19 e18 e17', 'files_20261119_03']);
    assert.deepEqual(await ids({ hosts: ['other'], statuses: ['ok'] }), ['', 'x']);
    assert.deepEqual(await ids({ type: 'database', statuses: ['ok'] }), ['d19 d18 d17', 'database_20261119_03']);
    assert.deepEqual(await ids({ type: 'files', statuses: ['ok'], last: 1 }), ['e19', 'files_20261119_03']);
    assert.deepEqual(await ids({ statuses: ['failed'] }), ['media_20261120_03', '']);
    assert.deepEqual(await ids({ statuses: ['incomplete'] }), ['d2 files/files_20261118_030000.tar.gz', '']);
    const since = new Date('2026-11-19T00:00:00Z');
    assert.deepEqual(await ids({ since, statuses: ['ok', 'failed'] }), [
      'e19 d19 media_20261120_03',
      'files_20261119_03 database_20261119_03',
    ]);
    const until = new Date('2026-11-18T00:00:00Z');
    assert.deepEqual(await ids({ until, statuses: ['ok', 'failed'] }), ['e17 d17', 'x']);
  });

  test('each snapshot has its age, where its copies are, and what verifications and restores say of it', async () => {
    const [d18, e18] = day(18);
    const at = new Date('2026-11-19T10:00:00Z');
    const verdict = { repository: 'vault', depth: 'data' as const, at, ok: true, message: '' };
    await catalog.recordVerdicts([
      { ...verdict, snapshot: d18!.id },
      { ...verdict, snapshot: e18!.id, ok: false, message: 'a checksum is wrong' },
      // A look at the structure takes nothing back that reading the data found.
      { ...verdict, snapshot: e18!.id, depth: 'structure', at: new Date('2026-11-19T11:00:00Z') },
    ]);
    await catalog.replaceSnapshots('cloud', [toSnapshotRecord('cloud', 'c', d18!)]);
    const report = await list({ repositories, typeOf, now, catalog }, how);
    const [vault, plain] = report.repositories.map(({ snapshots }) => snapshots);
    const of = (source: string, hour: string) =>
      vault?.find((one) => one.source === source && one.time.toISOString().startsWith(hour));
    const good = of('db', '2026-11-18');
    assert.deepEqual([good?.state, good?.verifiedAt, good?.copies], ['data', at, ['vault', 'cloud']]);
    assert.deepEqual([good?.ageSeconds, good?.type], [57 * 3600, 'database']);
    const bad = of('media', '2026-11-18');
    assert.deepEqual([bad?.state, bad?.message], ['bad', 'a checksum is wrong']);
    assert.deepEqual(of('db', '2026-11-19')?.copies, ['vault', 'plain']);
    assert.equal(plain?.find(({ source }) => source === 'db')?.state, 'unverified');
    assert.match((await ids({ catalog, statuses: ['failed'] }))[0] ?? '', /^e18 media_/);
  });

  test('failures that only this machine remembers are there too, and none twice', async () => {
    const startedAt = new Date('2026-11-20T03:00:00.400Z');
    await catalog.beginRun({ id: 'R1', verb: 'backup', job: 'nightly', startedAt });
    const member = {
      repository: 'vault',
      startedAt,
      endedAt: startedAt,
      outcome: 'failed' as const,
      snapshot: undefined,
    };
    const rest = { stats: {}, warningCount: 0, warnings: [], error: { code: 'x.y', message: 'no room' } };
    await catalog.recordMember('R1', { ...member, ...rest, source: 'media' });
    await catalog.recordMember('R1', { ...member, ...rest, source: 'db' });
    const report = await list({ repositories, typeOf, now, catalog, statuses: ['failed'] }, how);
    assert.deepEqual(
      report.repositories[0]?.failures.map(({ source, from, message }) => `${source} ${from} ${message}`).sort(),
      ['db catalog no room', 'media repository it is gone'],
    );
  });

  test('a repository that can not be listed hides no other', async () => {
    const broken = listedRepository('broken', new SuretyError('store.denied', 'permission denied'));
    const report = await list({ repositories: [broken, ...repositories], typeOf, now }, how);
    assert.equal(report.outcome, 'failed');
    assert.deepEqual(
      report.repositories.map(({ error, snapshots }) => [error?.code, snapshots.length]),
      [
        ['store.denied', 0],
        [undefined, 7],
        [undefined, 3],
      ],
    );
  });
});

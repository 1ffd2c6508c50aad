import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import type { Catalog, SnapshotRecord } from '../catalog/catalog.ts';
import { openSqliteCatalog } from '../catalog/sqlite/open.ts';
import { type Keeping, THIS_MACHINE } from '../rules/keeping.ts';
import type { RepositoryHandle } from './handles.ts';
import { type CopiesRequest, provenCopies } from './proven-copies.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000);

const KEEPING: Keeping = {
  place: { kind: 'here', hosts: [THIS_MACHINE], site: undefined },
  medium: { hosts: [THIS_MACHINE], disks: ['sda'], shown: 'sda' },
  administrator: { marks: [THIS_MACHINE], name: undefined, shown: THIS_MACHINE },
};

describe('what is remembered of copies', () => {
  let workshop: Workshop;
  let catalog: Catalog;
  let opened = 0;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  async function withCatalog<Result>(work: () => Promise<Result>): Promise<Result> {
    await using fresh = openSqliteCatalog({ path: join(workshop.folder, `copies-${++opened}.db`) });
    catalog = fresh;
    return await work();
  }

  async function remember(
    repository: string,
    snapshots: readonly Partial<SnapshotRecord>[],
    id = `id of ${repository}`,
  ) {
    const head = { repository, repositoryId: id, source: 'data', host: 'here', paths: ['/d'], tags: [] };
    const records = snapshots.map((one) => ({
      ...head,
      recoveryPoint: 'P',
      sizeBytes: 1,
      id: 'a',
      time: hoursAgo(3),
      ...one,
    }));
    await catalog.replaceSnapshots(repository, records);
    await catalog.rememberRepository({ name: repository, location: `/${repository}`, id, seenAt: hoursAgo(2) });
  }

  async function readBack(repository: string, snapshot: string, at: Date, ok = true) {
    await catalog.recordVerdicts([{ repository, snapshot, depth: 'data', at, ok, message: ok ? '' : 'damaged' }]);
  }

  async function ask(
    repositories: readonly Partial<RepositoryHandle & { name: string }>[],
    more: Partial<CopiesRequest> = {},
  ) {
    const open = async () => Promise.reject(new Error('nobody may ask it'));
    const report = await provenCopies(
      {
        sources: [
          {
            ...{ name: 'data', kind: 'files', importance: 'must', rule: undefined, latestOnly: [] },
            ...{ original: { ...KEEPING, isThere: true }, repositories: ['vault'] },
          },
        ],
        repositories: repositories.map(({ name = '', location = `/${name}` }) => {
          return { name, location, kind: 'restic', open, whereabouts: { ...KEEPING, problem: undefined } };
        }),
        ...{ catalog, check: false, hosts: new Set(['here']), now: NOW, ...more },
      },
      workshop.how(),
    );
    return { report, ...report.sources[0]! };
  }

  test('is the newest that is not known to be damaged, and when any good one was last read', () =>
    withCatalog(async () => {
      await remember('vault', [
        { id: 'a', time: hoursAgo(50) },
        { id: 'b', time: hoursAgo(26) },
        { id: 'c', time: hoursAgo(2) },
      ]);
      await readBack('vault', 'a', hoursAgo(9));
      await readBack('vault', 'b', hoursAgo(20));
      await readBack('vault', 'c', hoursAgo(1), false);
      const { copies, report } = await ask([{ name: 'vault' }]);
      assert.deepEqual(copies[0]?.newest, hoursAgo(26));
      assert.deepEqual(copies[0]?.proof, { how: 'verified', at: hoursAgo(9), of: hoursAgo(50) });
      assert.deepEqual(report.repositories[0]?.asOf, hoursAgo(2));
    }));

  test('is of the repository that is there now, not of one that had its name', () =>
    withCatalog(async () => {
      await remember('vault', [{}]);
      await readBack('vault', 'a', hoursAgo(1));
      assert.equal((await ask([{ name: 'vault' }])).verdict.copies, 2);
      const moved = await ask([{ name: 'vault', location: '/elsewhere' }]);
      assert.deepEqual([moved.verdict.copies, moved.report.repositories[0]?.asOf], [1, undefined]);
      await catalog.rememberRepository({ name: 'vault', location: '/vault', id: 'another', seenAt: NOW });
      assert.equal((await ask([{ name: 'vault' }])).verdict.copies, 1);
    }));

  test('counts one place once, and a source of another machine not at all', () =>
    withCatalog(async () => {
      for (const name of ['vault', 'again']) {
        await remember(name, [{ id: 'a' }, { id: 'b', host: 'there', time: hoursAgo(1) }]);
        await readBack(name, 'a', hoursAgo(1));
      }
      await catalog.rememberRepository({ name: 'again', location: '/vault', id: 'id of again', seenAt: NOW });
      const twice = await ask([{ name: 'vault' }, { name: 'again', location: '/vault' }]);
      assert.deepEqual(twice.verdict.counted, ['vault']);
      assert.equal(twice.copies[0]?.backups, 1);
      assert.deepEqual(twice.copies[0]?.newest, hoursAgo(3));
    }));

  test('counts for nothing when the repositories are asked and do not answer', () =>
    withCatalog(async () => {
      await remember('vault', [{}]);
      await readBack('vault', 'a', hoursAgo(1));
      const { verdict, report } = await ask([{ name: 'vault' }], { check: true });
      assert.deepEqual(verdict.counted, []);
      assert.deepEqual(
        verdict.reasons.map(({ code }) => code),
        ['problem'],
      );
      assert.match(report.repositories[0]?.error?.message ?? '', /nobody may ask it/);
    }));
});

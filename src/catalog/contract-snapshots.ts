/** What is remembered of snapshots and of the repositories that they are in. */
import assert from 'node:assert/strict';
import { type CatalogChecks, member, minute, runWith, snapshot } from './contract-sample.ts';

export const snapshotChecks: CatalogChecks = {
  async 'snapshots of members are listed until they are removed, history keeps them'(catalog) {
    await runWith(catalog, 2, [member(2, 'ok')]);
    await runWith(catalog, 1, [member(1, 'ok')]);
    assert.deepEqual(await catalog.snapshots({}), [snapshot('snap-1', 1), snapshot('snap-2', 2)]);
    await catalog.removeSnapshots('vault', ['snap-1', 'never-there']);
    await catalog.removeSnapshots('another', ['snap-2']);
    assert.deepEqual(await catalog.snapshots({ repository: 'vault' }), [snapshot('snap-2', 2)]);
    assert.equal((await catalog.run('run-1'))?.members[0]?.snapshot?.id, 'snap-1');
  },

  async 'replacing the snapshots of a repository leaves the others alone'(catalog) {
    const other = snapshot('other', 5, { repository: 'copy' });
    await catalog.replaceSnapshots('copy', [other]);
    await catalog.replaceSnapshots('vault', [snapshot('a', 1), snapshot('b', 2)]);
    await catalog.replaceSnapshots('vault', [snapshot('b', 2), snapshot('c', 3, { sizeBytes: undefined })]);
    const ids = (await catalog.snapshots({ repository: 'vault' })).map((each) => each.id);
    assert.deepEqual(ids, ['b', 'c']);
    assert.deepEqual(await catalog.snapshots({ repository: 'copy' }), [other]);
    await catalog.replaceSnapshots('vault', []);
    assert.deepEqual(await catalog.snapshots({}), [other]);
  },

  async 'snapshots are added to those that are known'(catalog) {
    await catalog.replaceSnapshots('vault', [snapshot('a', 1), snapshot('b', 2)]);
    await catalog.addSnapshots('vault', [snapshot('b', 2, { sizeBytes: 7 }), snapshot('c', 3)]);
    assert.deepEqual(await catalog.snapshots({ repository: 'vault' }), [
      snapshot('a', 1),
      snapshot('b', 2, { sizeBytes: 7 }),
      snapshot('c', 3),
    ]);
  },

  async 'a repository is remembered by its name and place, the last one that was there'(catalog) {
    const seen = (location: string, id: string, n: number) => ({ name: 'vault', location, id, seenAt: minute(n) });
    assert.equal(await catalog.repository('vault', '/a'), undefined);
    await catalog.rememberRepository(seen('/a', 'r1', 1));
    await catalog.rememberRepository(seen('/b', 'r2', 2));
    await catalog.rememberRepository(seen('/a', 'r3', 3));
    assert.deepEqual(await catalog.repository('vault', '/a'), seen('/a', 'r3', 3));
    assert.deepEqual(await catalog.repository('vault', '/b'), seen('/b', 'r2', 2));
    assert.equal(await catalog.repository('copy', '/a'), undefined);
  },

  async 'snapshots of which only the name of the repository is known are in the one that is remembered next'(catalog) {
    await catalog.replaceSnapshots('vault', [snapshot('a', 1, { repositoryId: '' }), snapshot('b', 2)]);
    await catalog.rememberRepository({ name: 'vault', location: '/a', id: 'r9', seenAt: minute(3) });
    const ids = (await catalog.snapshots({})).map(({ repositoryId }) => repositoryId);
    assert.deepEqual(ids, ['r9', 'r1']);
  },

  async 'a series is one source, host and set of paths in one repository'(catalog) {
    await catalog.replaceSnapshots('vault', [
      snapshot('a', 1),
      snapshot('b', 3),
      snapshot('c', 2, { paths: ['/srv/other'] }),
      snapshot('d', 4, { source: 'app' }),
    ]);
    await catalog.replaceSnapshots('copy', [snapshot('e', 5, { repository: 'copy' })]);
    const series = await catalog.series({});
    assert.deepEqual(
      series.map((each) => [each.repository, each.source, each.paths[0], each.count, each.newestId]),
      [
        ['copy', 'media', '/srv/media', 1, 'e'],
        ['vault', 'app', '/srv/media', 1, 'd'],
        ['vault', 'media', '/srv/media', 2, 'b'],
        ['vault', 'media', '/srv/other', 1, 'c'],
      ],
    );
    const media = await catalog.series({ repository: 'vault', source: 'media' });
    assert.equal(media.length, 2);
    assert.deepEqual([media[0]?.oldest, media[0]?.newest], [minute(1), minute(3)]);
  },
};

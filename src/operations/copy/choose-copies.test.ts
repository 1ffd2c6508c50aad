import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listedRepository, pointOf, snapshotOf } from '../../../test/fixtures/snapshots.ts';
import type { Snapshot } from '../../engines/engine.ts';
import type { RepositoryHandle } from '../handles.ts';
import { chooseCopies, type WantedCopies } from './choose-copies.ts';

const how = {
  signal: new AbortController().signal,
  now: new Date('2026-11-20T12:00:00Z'),
  isDamaged: () => false,
  oldestFirst: false,
};

const day = (date: number, of?: number) =>
  pointOf({
    ...{ id: `202611${date}T030000Z-aaaa`, time: `2026-11-${date}T03:00:00Z`, ...(of === undefined ? {} : { of }) },
    members: { db: `d${date}`, media: `e${date}` },
  });

function repository(name: string, ...snapshots: Snapshot[]): RepositoryHandle {
  return listedRepository(name, { snapshots, unreadable: [] });
}

const idOf = ({ id }: Snapshot) => id.replace(/0+$/, '');

async function choose(wanted: WantedCopies, from: readonly RepositoryHandle[], there: readonly Snapshot[], more = {}) {
  const chosen = await chooseCopies(wanted, from, there, { ...how, ...more });
  return { ...chosen, ids: chosen.copies.map(({ places: [{ snapshot }] }) => idOf(snapshot)) };
}

const keep = (last: number) => [
  { job: 'nightly', sources: ['db', 'media'], policy: { last }, timeZone: 'UTC', newestWithinMs: 1000 },
];

describe('what is copied', () => {
  test('is what is missing: complete recovery points from the newest on, then incomplete ones', async () => {
    const vault = repository('vault', ...day(17), ...day(18), ...day(19), ...day(20, 3));
    const chosen = await choose({}, [vault], day(18));
    assert.deepEqual(chosen.ids, ['d19', 'e19', 'd17', 'e17', 'd2', 'e2']);
    assert.deepEqual([chosen.present, chosen.passedOver], [2, 0]);
    assert.deepEqual(
      chosen.copies.map(({ complete }) => complete),
      [true, true, true, true, false, false],
    );
    const turned = await choose({}, [vault], [], { oldestFirst: true });
    assert.deepEqual(turned.ids, ['d17', 'e17', 'd18', 'e18', 'd19', 'e19', 'd2', 'e2']);
  });

  test('is nothing older than what it would take the place of', async () => {
    const vault = repository('vault', ...day(17), ...day(18), ...day(19));
    const fresh = await choose({}, [vault], [], { onlyNewest: true });
    assert.deepEqual([fresh.ids, fresh.passedOver], [['d19', 'e19'], 4]);
    assert.deepEqual((await choose({}, [vault], day(20), { onlyNewest: true })).ids, []);
  });

  test('is nothing without a source where each source has a place of its own', async () => {
    const vault = repository('vault', ...day(19), snapshotOf({ id: 'abc', source: '', tree: 'web-2024' }));
    const chosen = await choose({}, [vault], [], { onlyNewest: true });
    assert.deepEqual([chosen.ids, chosen.passedOver], [['d19', 'e19'], 1]);
    const asked = choose({ ids: ['abc'] }, [vault], [], { onlyNewest: true });
    await assert.rejects(asked, { code: 'repository.cannot', message: /^web-2024 was not made by Surety/ });
  });

  test('is of some sources, or young', async () => {
    const vault = repository('vault', ...day(17), ...day(19));
    assert.deepEqual((await choose({ sources: ['db'] }, [vault], [])).ids, ['d19', 'd17']);
    assert.deepEqual((await choose({ since: new Date('2026-11-18') }, [vault], [])).ids, ['d19', 'e19']);
    assert.deepEqual((await choose({ ids: ['20261117T'], source: undefined }, [vault], [])).ids, ['d17', 'e17']);
  });

  test('is what would be kept there, by what is there as well', async () => {
    const vault = repository('vault', ...day(16), ...day(17), ...day(18));
    const fresh = await choose({ keep: keep(2) }, [vault], []);
    assert.deepEqual([fresh.ids, fresh.passedOver], [['d18', 'e18', 'd17', 'e17'], 2]);
    const newer = await choose({ keep: keep(2) }, [vault], [...day(19), ...day(20)]);
    assert.deepEqual([newer.ids, newer.passedOver], [[], 6]);
    assert.deepEqual((await choose({ keep: [] }, [vault], [])).ids.length, 6);
  });

  test('has all places of a snapshot, those that are known to be damaged last', async () => {
    const own = day(19);
    const twins = own.map((one) => ({ ...one, id: `f${one.id.slice(1)}`, tree: '' }));
    const from = [repository('vault', ...own), repository('twin', ...twins)];
    const names = async (more = {}) =>
      (await choose({}, from, [], more)).copies.map(({ places }) => places.map((place) => place.repository.name));
    assert.deepEqual(await names(), [
      ['vault', 'twin'],
      ['vault', 'twin'],
    ]);
    const isDamaged = (name: string, id: string) => name === 'vault' && id === own[1]!.id;
    assert.deepEqual(await names({ isDamaged }), [
      ['vault', 'twin'],
      ['twin', 'vault'],
    ]);
  });

  test('of what other programs made is recognised by time, host, paths and content', async () => {
    const foreign = snapshotOf({ id: 'abc', source: '', tree: '1'.repeat(64) });
    const vault = repository('vault', foreign);
    const there = (more: Partial<Snapshot>) => choose({}, [vault], [{ ...foreign, id: 'f'.repeat(64), ...more }]);
    assert.deepEqual((await there({})).ids, []);
    assert.deepEqual((await there({ tree: '' })).ids, [], 'an archive has no trees');
    for (const more of [{ tree: '2'.repeat(64) }, { host: 'other' }, { paths: ['x'] }, { time: new Date(0) }]) {
      assert.deepEqual((await there(more)).ids, ['abc'], JSON.stringify(more));
    }
  });

  test('tells what could not be looked at, and fails where nothing could', async () => {
    const [good, bad] = [repository('vault', ...day(19)), listedRepository('twin', new Error('unplugged'))];
    const chosen = await choose({}, [good, bad], []);
    assert.deepEqual([chosen.ids, chosen.unread.length], [['d19', 'e19'], 1]);
    await assert.rejects(choose({}, [bad], []), /unplugged/);
  });
});

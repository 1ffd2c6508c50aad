import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listedRepository, pointOf, snapshotOf } from '../../test/fixtures/snapshots.ts';
import { SuretyError } from '../base/errors.ts';
import type { Snapshot } from '../engines/engine.ts';
import { locate, toWanted, type Wanted } from './locate.ts';

const how = { signal: new AbortController().signal };

const first = pointOf({
  id: '20261119T030000Z-aaaa',
  time: '2026-11-19T03:00:00Z',
  members: { db: 'a1', media: 'a2' },
});
const second = pointOf({ id: '20261120T030000Z-bbbb', time: '2026-11-20T03:00:00Z', members: { db: 'b1' }, of: 2 });

function repository(name: string, ...snapshots: Snapshot[]) {
  return listedRepository(name, { snapshots, unreadable: [] });
}

async function find(wanted: Wanted, ...repositories: ReturnType<typeof repository>[]) {
  const { repository: where, snapshots, point } = await locate(wanted, repositories, how);
  return [where.name, point?.id, ...snapshots.map((snapshot) => snapshot.id.replace(/0+$/, ''))];
}

test('the beginning of a snapshot id finds it in whichever repository it is', async () => {
  const wanted = toWanted('b1');
  assert.deepEqual(await find(wanted, repository('one', ...first), repository('two', ...second)), [
    'two',
    undefined,
    'b1',
  ]);
});

test('the beginning of a recovery point id finds all its members', async () => {
  const found = await find(toWanted('20261119t03'), repository('one', ...second, ...first));
  assert.deepEqual(found, ['one', '20261119T030000Z-aaaa', 'a1', 'a2']);
});

test('a recovery point in two repositories is taken from the one where it is complete', async () => {
  const found = await find(toWanted('20261119T'), repository('one', first[0]!), repository('two', ...first));
  assert.equal(found[0], 'two');
});

test('latest is the newest complete recovery point, and with a source the newest of that source', async () => {
  const shelf = repository('one', ...first, ...second);
  assert.deepEqual(await find(toWanted('latest'), shelf), ['one', '20261119T030000Z-aaaa', 'a1', 'a2']);
  assert.deepEqual(await find(toWanted('latest', { source: 'db' }), shelf), ['one', undefined, 'b1']);
});

test('latest with a time is the newest at or before it', async () => {
  const shelf = repository('one', ...first, ...second);
  assert.deepEqual(await find(toWanted('latest', { source: 'db', at: new Date('2026-11-19T12:00:00Z') }), shelf), [
    'one',
    undefined,
    'a1',
  ]);
  await assert.rejects(find(toWanted('latest', { source: 'db', at: new Date('2026-11-18T12:00:00Z') }), shelf), {
    code: 'snapshot.none',
    hint: 'the oldest one is a1000000 of 2026-11-19T03:00:00Z',
  });
});

test('where several hosts have the source, this one is meant, and otherwise nobody guesses', async () => {
  const on = (host: string, id: string, time: string) =>
    snapshotOf({ id, host, source: 'media', recoveryPoint: `P${id}`, time: new Date(time) });
  const shelf = repository('one', on('here', 'a1', '2026-11-19T03:00:00Z'), on('there', 'b1', '2026-11-20T03:00:00Z'));
  const latest = { latest: true, source: 'media', host: undefined, at: undefined, here: new Set(['here']) } as const;
  assert.deepEqual(await find(latest, shelf), ['one', undefined, 'a1']);
  assert.deepEqual(await find({ ...latest, host: 'there' }, shelf), ['one', undefined, 'b1']);
  assert.deepEqual(await find({ ...latest, source: undefined }, shelf), ['one', 'Pa1', 'a1']);
  await assert.rejects(find({ ...latest, here: new Set(['elsewhere']) }, shelf), {
    code: 'snapshot.ambiguous',
    message: 'source media has snapshots of the hosts here and there, and this is elsewhere',
  });
});

test('what another program put into the repository is the latest only when there is nothing else', async () => {
  const foreign = snapshotOf({ id: 'f1', source: '', host: 'other', time: new Date('2026-11-21T03:00:00Z') });
  assert.deepEqual(await find(toWanted('latest'), repository('one', ...first, foreign)), [
    'one',
    '20261119T030000Z-aaaa',
    'a1',
    'a2',
  ]);
  assert.equal((await find(toWanted('latest'), repository('one', foreign))).at(-1), 'f1');
});

test('an unknown id names the nearest', async () => {
  const shelf = repository('one', snapshotOf({ id: 'deadbeef' }));
  await assert.rejects(find(toWanted('deadbeaf'), shelf), { code: 'snapshot.unknown', hint: /deadbeef/ });
  await assert.rejects(find(toWanted('20261120T030001Z-bbbb'), repository('one', ...second)), {
    code: 'snapshot.unknown',
    hint: 'did you mean 20261120T030000Z-bbbb',
  });
});

test('latest passes over what the last verification found damaged, says so, and takes it when there is nothing else', async () => {
  const third = pointOf({
    id: '20261121T030000Z-cccc',
    time: '2026-11-21T03:00:00Z',
    members: { db: 'c1', media: 'c2' },
  });
  const both = [repository('one', ...first, ...third), repository('two', ...third)];
  const damaged =
    (...ids: string[]) =>
    (where: string, id: string) =>
      ids.includes(`${where} ${id.slice(0, 2)}`);
  const latest = (...ids: string[]) => locate(toWanted('latest', { isDamaged: damaged(...ids) }), both, how);
  const other = await latest('one c2');
  assert.deepEqual(
    other.members.map(({ repository: where, snapshot }) => `${where.name} ${snapshot.id.slice(0, 2)}`),
    ['two c1', 'two c2'],
  );
  assert.deepEqual(other.notes, []);
  const older = await latest('one c2', 'two c2');
  assert.equal(older.point?.id, '20261119T030000Z-aaaa');
  assert.deepEqual(older.notes, ['20261121T030000Z-cccc is newer, but the last verification found it damaged']);
  const all = await latest('one c1', 'one c2', 'two c1', 'two c2', 'one a1', 'one a2');
  assert.equal(all.point?.id, '20261121T030000Z-cccc');
});

test('names of archives are ids too, also such as begin with a time', async () => {
  const archive = (id: string) => ({ ...snapshotOf({ id: '' }), id });
  const shelf = repository('one', ...first, archive('database_20241122_020000'), archive('20241122T020000Z-Frag'));
  assert.equal((await find(toWanted('database_20241122'), shelf)).at(-1), 'database_20241122_02');
  assert.equal((await find(toWanted('20241122t'), shelf)).at(-1), '20241122T020000Z-Frag');
  await assert.rejects(find(toWanted('database_20241121'), shelf), {
    hint: /did you mean database_20241122_020000 of/,
  });
});

test('an id that fits several snapshots is ambiguous', async () => {
  const shelf = repository('one', snapshotOf({ id: 'abc1' }), snapshotOf({ id: 'abc2' }));
  await assert.rejects(find(toWanted('abc'), shelf), { code: 'snapshot.ambiguous', hint: /abc1.* or abc2/ });
});

test('a repository that can not be read hides nothing in others, but is the answer when nothing was found', async () => {
  const broken = listedRepository('broken', new SuretyError('store.denied', 'permission denied'));
  assert.equal((await find(toWanted('a1'), broken, repository('one', ...first)))[0], 'one');
  const { unread } = await locate(toWanted('latest'), [broken, repository('one', ...first)], how);
  assert.deepEqual(unread, ['repository broken: permission denied']);
  await assert.rejects(find(toWanted('c1'), broken, repository('one', ...first)), {
    code: 'store.denied',
    message: 'repository broken: permission denied',
  });
  await assert.rejects(find(toWanted('a'), broken, repository('one', ...first)), { code: 'snapshot.ambiguous' });
});

test('what failed or can not be read is told by its id, unless another repository has it', async () => {
  const archive = (id: string) => ({ ...snapshotOf({ id: '' }), id });
  const good = archive('files_20261121_030951-2');
  const failures = [
    { id: 'database_20261121_031110', time: new Date(), source: 'database', message: 'the server refuses connections' },
  ];
  const unreadable = [{ id: 'files_20261121_030951', error: new Error('the file it speaks of is missing') }];
  const shelf = listedRepository('one', { snapshots: [good], unreadable, failures });
  await assert.rejects(find(toWanted('database_20261121_031110'), shelf), {
    code: 'snapshot.failed',
    message: /that backup failed: the server refuses connections$/,
    hint: /surety list/,
  });
  await assert.rejects(find(toWanted('Files_20261121_030951'), shelf), {
    code: 'snapshot.unreadable',
    message: 'files_20261121_030951 in repository one can not be read: the file it speaks of is missing',
    hint: /from a copy/,
  });
  // What is meant by it may be what can not be read.
  await assert.rejects(find(toWanted('latest', { source: 'gone' }), shelf), {
    code: 'snapshot.none',
    message: 'there is no snapshot of source gone; but one snapshot can not be read',
    hint: /^repository one: the file it speaks of is missing; make one/,
  });
  const third = listedRepository('one', { snapshots: [good, archive('files_20261121_030951-3')], unreadable });
  await assert.rejects(find(toWanted('files_20261121_030951'), third), { code: 'snapshot.unreadable' });
  await assert.rejects(find(toWanted('files_20261121'), third), { code: 'snapshot.ambiguous' });
  const other = repository('two', archive('files_20261121_030951'));
  assert.equal((await find(toWanted('files_20261121_030951'), shelf, other))[0], 'two');
});

test('the name of a source is no id, and what to write instead is said', async () => {
  const asked = find(toWanted('media'), repository('one', ...first));
  await assert.rejects(asked, {
    code: 'snapshot.unknown',
    hint: 'media is a source: its newest is latest --source media',
  });
});

test('an archive of borg is found by its name, or the beginning of it', async () => {
  const named = (id: string, tree: string) => snapshotOf({ id, source: '', tree });
  const borg = repository(
    'borg',
    named('c1', 'web-2024-01-01'),
    named('c2', 'web-2024-01-02'),
    named('c3', 'web-2024'),
  );
  const found = async (text: string) => (await find(toWanted(text), borg)).at(-1);
  assert.deepEqual(await Promise.all(['web-2024-01-02', 'web-2024', 'c1'].map(found)), ['c2', 'c3', 'c1']);
  await assert.rejects(found('web-2'), {
    code: 'snapshot.ambiguous',
    hint: 'type more of it: web-2024-01-01, web-2024-01-02 or web-2024',
  });
  await assert.rejects(found('wob'), { code: 'snapshot.unknown' });
});

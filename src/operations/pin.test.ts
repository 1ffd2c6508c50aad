import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openWorkshop, type Workshop } from '../../test/fixtures/opened.ts';
import { SuretyError } from '../base/errors.ts';
import type { Engine } from '../engines/engine.ts';
import { openPinBoard } from '../engines/pin-files.ts';
import { openMemoryStore } from '../stores/memory/open.ts';
import { appendOnly } from '../stores/wrap/append-only.ts';
import { backup } from './backup.ts';
import { cleanup } from './cleanup.ts';
import type { RepositoryHandle } from './handles.ts';
import { pin, unpin } from './pin.ts';

const NOW = new Date('2026-06-01T00:00:00Z');

describe('a pinned snapshot', () => {
  let workshop: Workshop;
  let names = 0;
  before(() => {
    workshop = openWorkshop();
  });
  after(() => workshop[Symbol.asyncDispose]());

  async function withBackups() {
    const vault = await workshop.repository(`vault${++names}`);
    const ids: string[] = [];
    for (const day of [1, 2, 3]) {
      const sources = [workshop.source('media', { x: `content of day ${day}` })];
      const startedAt = new Date(Date.UTC(2026, 0, day));
      const run = { job: 'nightly', recoveryPoint: `2026010${day}T000000Z-aaaa`, startedAt, force: false };
      const { members } = await backup({ ...run, sources, repositories: [vault] }, workshop.how());
      ids.push(members[0]!.snapshot!.id);
    }
    return { vault, ids };
  }

  function clean(repository: RepositoryHandle) {
    const keep = [{ job: 'nightly', sources: ['media'], policy: { last: 1 }, timeZone: 'UTC' }];
    const request = { runId: 'C', repositories: [{ repository, keep }], dryRun: false, prune: true, maxUnused: 0 };
    return cleanup(request, workshop.how());
  }

  const asked = (repository: RepositoryHandle, ids: readonly string[]) => ({
    repositories: [repository],
    ...{ ids, now: NOW, by: 'tester@here' },
  });

  test('stays, and goes when its pin is taken away', async () => {
    const { vault, ids } = await withBackups();
    const report = await pin({ ...asked(vault, [ids[0]!]), until: undefined, reason: '' }, workshop.how());
    assert.deepEqual(
      report.pinned.map(({ id }) => id),
      [ids[0]],
    );
    assert.deepEqual((await clean(vault)).repositories[0]?.removed, [ids[1]]);
    const lifted = await unpin(asked(vault, ['20260101T']), workshop.how());
    assert.equal(lifted.unpinned[0]?.pins, 1);
    assert.deepEqual((await clean(vault)).repositories[0]?.removed, [ids[0]]);
  });

  test('can be the latest recovery point', async () => {
    const { vault, ids } = await withBackups();
    const { pinned } = await pin({ ...asked(vault, ['latest']), until: undefined, reason: '' }, workshop.how());
    assert.deepEqual(
      pinned.map(({ id }) => id),
      [ids[2]],
    );
  });

  test('is pinned in each repository that has it, whatever its id is there, but for those that have no pins', async () => {
    const [vault, twin, mirror] = await Promise.all(['own', 'twin', 'bare'].map((name) => workshop.repository(name)));
    const sources = [workshop.source('media', { x: 'content' })];
    const run = { job: 'nightly', recoveryPoint: '20260101T000000Z-aaaa', startedAt: new Date(0), force: false };
    const { members } = await backup({ ...run, sources, repositories: [vault!, twin!, mirror!] }, workshop.how());
    const [id, twinId, bareId] = members.map(({ snapshot }) => snapshot?.id ?? '');
    const engine = { ...mirror!.engine, pins: undefined } as Engine;
    const without = { ...mirror!, open: async () => engine };
    const all = { ...asked(vault!, [id!]), repositories: [vault!, twin!, without] };
    const { pinned, unpinnable } = await pin({ ...all, until: undefined, reason: '' }, workshop.how());
    assert.deepEqual([pinned.map((one) => one.id), unpinnable.map((one) => one.id)], [[id, twinId], [bareId]]);
    const { unpinned } = await unpin({ ...all, ids: [twinId!] }, workshop.how());
    assert.deepEqual(
      unpinned.map(({ pins }) => pins),
      [1, 1],
    );
    const alone = { ...asked(without, [bareId!]), until: undefined, reason: '' };
    await assert.rejects(pin(alone, workshop.how()), { code: 'repository.cannot' });
  });

  test('of which nobody can tell makes cleanup fail, and nothing is removed', async () => {
    const { vault, ids } = await withBackups();
    const silent = { list: async () => Promise.reject(new SuretyError('store.unavailable', 'no answer')) };
    const engine = { ...vault.engine, pins: { ...vault.engine.pins!, ...silent } } as Engine;
    const [cleaned] = (await clean({ ...vault, open: async () => engine })).repositories;
    assert.deepEqual([cleaned?.outcome, cleaned?.removed], ['failed', []]);
    assert.match(cleaned?.error?.message ?? '', /no answer/);
    const { snapshots } = await vault.engine.list(workshop.how());
    assert.deepEqual(
      snapshots.map(({ id }) => id),
      ids,
    );
  });

  test('is not made of what is none, nor until a time that has passed', async () => {
    const { vault, ids } = await withBackups();
    const request = { ...asked(vault, [ids[0]!, 'cdcdcdcdcd']), reason: '' };
    await assert.rejects(pin({ ...request, until: undefined }, workshop.how()), { code: 'snapshot.unknown' });
    assert.deepEqual(await vault.engine.pins?.list(workshop.how()), []);
    await assert.rejects(pin({ ...request, until: NOW }, workshop.how()), { code: 'usage.pin-ended' });
  });

  test('says nothing of it to who has only the store', async () => {
    const { vault, ids } = await withBackups();
    await pin({ ...asked(vault, ids), until: undefined, reason: 'a word that is secret' }, workshop.how());
    for await (const { key } of vault.store.list('pins', workshop.how())) {
      const bytes = Buffer.from(await vault.store.read(key, undefined, workshop.how()));
      assert.doesNotMatch(bytes.toString('latin1'), /secret|tester|media/);
    }
  });
});

test('pins are set and lifted where nothing may be deleted, and a damaged one is told of', async () => {
  const store = appendOnly(openMemoryStore('append-only'), []);
  const board = openPinBoard(store, { folder: 'pins', encode: (json) => Buffer.from(json), decode: (bytes) => bytes });
  const how = { signal: new AbortController().signal };
  const told = { time: NOW, host: 'h', source: 's', paths: ['/p'] };
  const name = await board.add(
    'id',
    { type: 'pin', at: NOW, by: 'a@h', until: new Date('2030-01-01'), reason: 'why', ...told },
    how,
  );
  await board.add('id', { type: 'unpin', at: NOW, by: 'a@h', lifts: [name] }, how);
  await store.put('pins/other/x', Buffer.from('{"format":2,"type":"unpin"}'), how);
  await store.put('pins/other/y', Buffer.from('{"format":1,"type":"pin"'), how);
  const marks = (await board.list(how)).toSorted((a, b) => (a.snapshot + a.name < b.snapshot + b.name ? -1 : 1));
  assert.deepEqual(marks.map(({ snapshot, document }) => [snapshot, document?.type]).sort(), [
    ['id', 'pin'],
    ['id', 'unpin'],
    ['other', undefined],
    ['other', undefined],
  ]);
  const [read] = marks.filter((mark) => mark.name === name);
  assert.deepEqual(read?.document, {
    type: 'pin',
    at: NOW,
    by: 'a@h',
    until: new Date('2030-01-01'),
    reason: 'why',
    ...told,
  });
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { DUMP, dumpOf, openTestArchive } from '../../../test/fixtures/archive-repository.ts';
import { collectBytes } from '../../base/streams.ts';
import { packTar } from '../../base/tar/pack.ts';
import type { TarEntry } from '../../base/tar/tar-entry.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { Store } from '../../stores/store.ts';
import { backUp, contentsOf, entriesOf, HOW, problemsOf } from '../contract-steps.ts';

/** What another program writes: ten fields, times without a zone, any of the usual checksums. */
async function putBackup(store: Store, id: string, bytes: Uint8Array, more: Readonly<Record<string, unknown>> = {}) {
  const [type = ''] = id.split('_');
  const name = `${id}.${type === 'database' ? 'sql' : 'tar'}.gz`;
  const [, day = '', time = ''] = id.split('_');
  const iso = `${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}.123456`;
  const document = {
    ...{ backup_id: id, timestamp: iso, backup_type: type, size_bytes: bytes.length },
    checksum: createHash('sha256').update(bytes).digest('hex'),
    ...{ files_included: [name], compressed: true, encrypted: true, status: 'success', error_message: null },
    ...more,
  };
  await store.put(`${type}/${name}`, bytes, HOW);
  await store.put(`${type}/${id}_metadata.json`, Buffer.from(JSON.stringify(document)), HOW);
}

const member = (name: string, type: TarEntry['type'], content = '', linkTarget?: string) => ({
  entry: {
    ...{
      name,
      type,
      mode: type === 'dir' ? 0o755 : 0o644,
      uid: 1,
      gid: 1,
      user: '',
      group: '',
      mtimeNs: 5_000_000_000n,
    },
    ...{ sizeBytes: content.length, xattrs: [], linkTarget },
  },
  content: [Buffer.from(content)],
});

async function tarOf(members: readonly ReturnType<typeof member>[]): Promise<Uint8Array> {
  async function* all() {
    yield* members;
  }
  return gzipSync(await collectBytes(packTar(all())));
}

/** Roots in the order of a list, directories that come late or not at all, a name twice. */
const TAR = [
  member('./', 'dir'),
  member('reference', 'dir'),
  member('reference/r', 'file', 'ref'),
  member('datasets/', 'dir'),
  member('./datasets/z', 'file', 'old'),
  member('datasets/a', 'file', 'aaa'),
  member('deep/er/x', 'file', 'x'),
  member('datasets/z', 'file', 'new'),
  member('datasets/link', 'hardlink', '', './datasets/a'),
];

async function existing(): Promise<Store> {
  const store = openMemoryStore('/srv/backups');
  const dump = gzipSync(DUMP);
  await putBackup(store, 'database_20241122_020000', dump);
  await putBackup(store, 'database_20241123_020000', dump, { checksum: createHash('md5').update(dump).digest('hex') });
  await putBackup(store, 'files_20241124_030000', await tarOf(TAR), { custom: { of: 'theirs' } });
  // What restoring with that program leaves.
  await store.put('database/database_20241122_020000.sql', Buffer.from(DUMP), HOW);
  await store.put('logs/database_backup_20241122.log', Buffer.from('done'), HOW);
  return store;
}

test('the backups of another program are listed with their ids, verified and restored', async () => {
  const store = await existing();
  await using opened = await openTestArchive({ store, init: false });
  const { engine } = opened;
  const { snapshots, unreadable, incomplete } = await engine.list(HOW);
  assert.deepEqual(
    snapshots.map(({ id }) => id),
    ['database_20241122_020000', 'database_20241123_020000', 'files_20241124_030000'],
  );
  assert.deepEqual([unreadable, incomplete], [[], []]);
  assert.equal(snapshots[0]?.time.getTime(), new Date('2024-11-22T02:00:00.123').getTime());
  assert.deepEqual(await problemsOf(engine), []);
  assert.equal(await engine.facts(snapshots[0]!, HOW), undefined);
  await using dump = await engine.restore(snapshots[1]!, HOW);
  assert.deepEqual(
    [...(await contentsOf(dump)).contents].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]),
    [['database_20241123_020000.sql', DUMP]],
  );
});

test('a tar archive in any order is restored in order, of a name that is there twice the last', async () => {
  await using opened = await openTestArchive({ store: await existing(), init: false });
  const snapshot = await opened.engine.find('files', HOW);
  const paths = (await entriesOf(opened.engine, snapshot)).map(({ path }) => path);
  assert.deepEqual(paths, [
    'datasets',
    'datasets/a',
    'datasets/link',
    'datasets/z',
    'deep',
    'deep/er',
    'deep/er/x',
    'reference',
    'reference/r',
  ]);
  await using restoring = await opened.engine.restore(snapshot, HOW);
  const { contents, failed } = await contentsOf(restoring);
  assert.equal(failed.size, 0);
  const texts = [...contents].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]).sort();
  assert.deepEqual(texts, [
    ['datasets/a', 'aaa'],
    ['datasets/link', 'aaa'],
    ['datasets/z', 'new'],
    ['deep/er/x', 'x'],
    ['reference/r', 'ref'],
  ]);
});

test('it is read only until init adopts it; its id stays from then on', async () => {
  const store = await existing();
  const place = await (async () => {
    await using opened = await openTestArchive({ store, init: false });
    await assert.rejects(backUp(opened.engine, dumpOf('x.sql', DUMP)), {
      code: 'repository.missing',
      hint: /surety init/,
    });
    await assert.rejects(opened.engine.forget(['database_20241122_020000'], HOW), { code: 'repository.missing' });
    return opened.engine.traits.id;
  })();
  await using adopted = await openTestArchive({ store });
  assert.notEqual(adopted.engine.traits.id, place);
  await using again = await openTestArchive({ store, init: false });
  assert.equal(again.engine.traits.id, adopted.engine.traits.id);
  const { snapshot } = await backUp(adopted.engine, dumpOf('x.sql', DUMP), { how: { kind: 'postgres' } });
  await adopted.engine.forget(['database_20241122_020000'], HOW);
  await adopted.engine.prune({ ...HOW, dryRun: false, maxUnused: 0 });
  assert.deepEqual(
    (await adopted.keys('database')).filter((key) => key.includes('20241122')),
    [],
  );
  assert.equal((await adopted.engine.list(HOW)).snapshots.at(-1)?.id, snapshot.id);
  await assert.rejects(openTestArchive({ store }), { code: 'repository.exists' });
});

test('a place without backups is no repository', async () => {
  await assert.rejects(openTestArchive({ init: false }), { code: 'repository.missing', hint: /surety init/ });
});

test('a changed byte, a cut and a missing file are found, and nothing of them is restored', async () => {
  const store = await existing();
  const key = 'database/database_20241122_020000.sql.gz';
  const bytes = await store.read(key, undefined, HOW);
  await using opened = await openTestArchive({ store, init: false });
  const [snapshot] = (await opened.engine.list(HOW)).snapshots;
  // In the time stamp of the header, where unpacking would not notice.
  const flipped = bytes.slice();
  flipped[5]! ^= 1;
  for (const [wrong, message] of [
    [flipped, /checksum/],
    [bytes.subarray(0, 40), /40 bytes instead of/],
  ] as const) {
    await store.put(key, wrong, HOW);
    const [problem, ...others] = (await opened.engine.verify({ ...HOW, depth: 'data' })).problems;
    assert.deepEqual([problem?.code, problem?.key, others.length], ['archive.damaged', key, 0]);
    assert.match(problem?.message ?? '', message);
    await assert.rejects(opened.engine.restore(snapshot!, HOW), { code: 'repository.damaged', message });
  }
  await store.delete(key, HOW);
  await store.delete(key.replace('.gz', ''), HOW);
  const { unreadable } = await opened.engine.list(HOW);
  assert.deepEqual(
    unreadable.map(({ id }) => id),
    ['database_20241122_020000'],
  );
  const { problems } = await opened.engine.verify({ ...HOW, depth: 'structure' });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['archive.missing'],
  );
});

test('metadata that are none are named, and hide no other backup', async () => {
  const store = await existing();
  await store.put('files/files_20241124_030000_metadata.json', Buffer.from('{"backup_id": 5}'), HOW);
  await using opened = await openTestArchive({ store, init: false });
  const { snapshots, unreadable } = await opened.engine.list(HOW);
  assert.deepEqual([snapshots.length, unreadable.map(({ id }) => id)], [2, ['files_20241124_030000']]);
  const { problems } = await opened.engine.verify({ ...HOW, depth: 'structure' });
  assert.deepEqual(
    problems.map(({ code, key }) => [code, key]),
    [['metadata.damaged', 'files/files_20241124_030000_metadata.json']],
  );
});

test('a dump without its end is found though its checksum fits', async () => {
  const store = openMemoryStore();
  await putBackup(store, 'database_20241122_020000', gzipSync(DUMP.slice(0, 60)));
  await using opened = await openTestArchive({ store, init: false });
  const { problems } = await opened.engine.verify({ ...HOW, depth: 'data' });
  assert.match(problems[0]?.message ?? '', /is cut off: it lacks/);
});

for (const [what, hostile] of [
  ['a name with ..', member('a/../../etc/passwd', 'file', 'x')],
  ['an absolute name', member('/etc/passwd', 'file', 'x')],
  ['a hard link out of it', member('passwd', 'hardlink', '', '../../etc/passwd')],
  ['a hard link to nothing', member('passwd', 'hardlink', '', 'nothing')],
] as const) {
  test(`an archive that has ${what} is refused as a whole`, async () => {
    const store = openMemoryStore();
    await putBackup(store, 'files_20241122_020000', await tarOf([member('good', 'file', 'x'), hostile]));
    await using opened = await openTestArchive({ store, init: false });
    const snapshot = await opened.engine.find('files', HOW);
    await assert.rejects(opened.engine.restore(snapshot, HOW), { code: 'repository.damaged' });
    assert.equal((await opened.engine.verify({ ...HOW, depth: 'data' })).problems.length, 1);
  });
}

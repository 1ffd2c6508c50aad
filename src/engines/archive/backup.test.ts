import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { DUMP, dumpOf, entryOf, openTestArchive, unpacked } from '../../../test/fixtures/archive-repository.ts';
import { SuretyError } from '../../base/errors.ts';
import { openMemoryStore } from '../../stores/memory/open.ts';
import type { Store } from '../../stores/store.ts';
import { sampleOf } from '../contract-sample.ts';
import { assertRestores, backUp, HOW, problemsOf } from '../contract-steps.ts';

const AT = { startedAt: new Date('2024-11-22T02:00:00.250Z') };
const DATABASE = { ...AT, kind: 'postgres', source: 'app' };

test('a database and files are stored under the names that are documented', async () => {
  await using opened = await openTestArchive();
  const database = await backUp(opened.engine, dumpOf('dumps/avalanche.sql', DUMP), { how: DATABASE });
  const files = await backUp(opened.engine, sampleOf(), { how: { startedAt: new Date('2024-11-22T03:00:00Z') } });
  assert.deepEqual([database.snapshot.id, files.snapshot.id], ['database_20241122_020000', 'files_20241122_030000']);
  assert.deepEqual(await opened.keys(), [
    'archive.json',
    'database/database_20241122_020000.sql.gz',
    'database/database_20241122_020000_metadata.json',
    'files/files_20241122_030000.tar.gz',
    'files/files_20241122_030000_metadata.json',
    'logs/backup_20241122.log',
  ]);
  assert.equal(await unpacked(opened.store, 'database/database_20241122_020000.sql.gz'), DUMP);
  const log = (await opened.text('logs/backup_20241122.log')).trim().split('\n');
  assert.equal(log.length, 2);
  assert.match(log[0] ?? '', /^20\d\d-\d\d-\d\dT[\d:]+Z INFO database_20241122_020000 success source=app size=\d+ /);
});

test('the metadata has the ten fields and says what is stored', async () => {
  await using opened = await openTestArchive();
  const dump = dumpOf('avalanche.sql', DUMP);
  const fingerprint = { algorithm: 'x', tables: [{ name: 'users', rows: 9000 }] };
  const versions = { postgresql: '15.1', pg_dump: '15.2' };
  const held = { ...dump, facts: { ...dump.facts, versions, fingerprint } };
  await backUp(opened.engine, held, { how: DATABASE });
  const stored = await opened.store.read('database/database_20241122_020000.sql.gz', undefined, HOW);
  const sidecar = await opened.sidecar('database_20241122_020000');
  const { checksum, facts, stats, entries, ...rest } = sidecar;
  assert.equal(checksum, createHash('sha256').update(stored).digest('hex'));
  assert.deepEqual(Object.keys(sidecar).slice(0, 10), [
    ...['backup_id', 'timestamp', 'backup_type', 'size_bytes', 'checksum', 'files_included', 'compressed', 'encrypted'],
    ...['status', 'error_message'],
  ]);
  assert.deepEqual(rest, {
    ...rest,
    backup_id: 'database_20241122_020000',
    timestamp: '2024-11-22T02:00:00.250Z',
    backup_type: 'database',
    size_bytes: stored.length,
    files_included: ['database_20241122_020000.sql.gz'],
    ...{ compressed: true, encrypted: false, status: 'success', error_message: null },
    ...{ source: 'app', kind: 'postgres', host: 'held', recovery_point: '20260101T030000Z-0001', warnings: 0 },
    ...{ uncompressed_size_bytes: DUMP.length, container: 'single', checksum_algorithm: 'sha256' },
    uncompressed_checksum: createHash('sha256').update(DUMP).digest('hex'),
  });
  assert.deepEqual([facts?.versions, facts?.fingerprint], [versions, fingerprint]);
  const { started_at: startedAt = '', ended_at: endedAt = '', duration_ms: durationMs = -1 } = sidecar;
  assert.ok(Date.parse(startedAt) <= Date.parse(endedAt) && durationMs >= 0 && durationMs < 60_000);
  assert.equal(entries?.at(-1)?.path, 'avalanche.sql');
  assert.equal(stats?.filesNew, 1);
  assert.deepEqual([stats?.sizeBytes, stats?.storedBytes], [DUMP.length, stored.length]);
});

test('the hash of each file of a tar archive is recorded, of many files in a list beside it', async () => {
  const many = Array.from({ length: 250 }, (_, at) => ({ path: `home/zz${at + 1000}`, bytes: Buffer.from(`${at}`) }));
  await using opened = await openTestArchive();
  await backUp(opened.engine, sampleOf(), { how: AT });
  const { files = [] } = await opened.sidecar('files_20241122_020000');
  const held = sampleOf();
  const hashes = new Map(
    [...held.contents].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]),
  );
  assert.deepEqual(new Map(files.map(({ path, sha256 }) => [path, sha256])), hashes);
  const large = sampleOf(many);
  const { snapshot } = await backUp(opened.engine, large, { how: AT });
  assert.equal(snapshot.id, 'files_20241122_020000-2');
  const sidecar = await opened.sidecar(snapshot.id);
  assert.deepEqual(
    [sidecar.files, sidecar.file_list],
    [undefined, { name: `${snapshot.id}_files.jsonl.gz`, files: 256 }],
  );
  const lines = (await unpacked(opened.store, `files/${snapshot.id}_files.jsonl.gz`)).trim().split('\n');
  assert.equal(JSON.parse(lines.at(-1) ?? '').path, 'home/zz1249');
  await assertRestores(opened.engine, snapshot, large);
  assert.deepEqual(await problemsOf(opened.engine), []);
  assert.deepEqual((await opened.engine.list(HOW)).incomplete, []);
  await opened.engine.forget([snapshot.id], HOW);
  await opened.engine.prune({ ...HOW, dryRun: false, maxUnused: 0 });
  assert.deepEqual(
    (await opened.keys('files')).filter((key) => key.includes('-2')),
    [],
  );
});

test('a file that is not what its hash says is named, though the archive is as it was stored', async () => {
  await using opened = await openTestArchive();
  const { snapshot } = await backUp(opened.engine, sampleOf(), { how: AT });
  const key = `files/${snapshot.id}_metadata.json`;
  const sidecar = await opened.sidecar(snapshot.id);
  const [first, ...others] = sidecar.files ?? [];
  const files = [{ ...first, sha256: '0'.repeat(64) }, ...others];
  await opened.store.put(key, Buffer.from(JSON.stringify({ ...sidecar, files })), HOW);
  await using again = await openTestArchive({ store: opened.store, init: false });
  const { problems } = await again.engine.verify({ ...HOW, depth: 'data' });
  assert.deepEqual(
    problems.map(({ code, affects }) => [code, affects.map(({ path }) => path)]),
    [['archive.damaged', [first?.path]]],
  );
  assert.match(problems[0]?.message ?? '', /does not hold what was recorded/);
});

for (const compression of ['gzip', 'zstd', 'none']) {
  test(`what is stored with compression ${compression} is verified and restored`, async () => {
    await using opened = await openTestArchive({ raw: { compression, checksum: 'sha512' } });
    const files = await backUp(opened.engine, sampleOf(), { how: AT });
    const dump = dumpOf('app.dump', DUMP);
    const database = await backUp(opened.engine, dump, { how: DATABASE });
    await assertRestores(opened.engine, files.snapshot, sampleOf());
    await assertRestores(opened.engine, database.snapshot, dump);
    assert.deepEqual(await problemsOf(opened.engine), []);
    const ending = { gzip: '.gz', zstd: '.zst', none: '' }[compression];
    assert.ok((await opened.keys()).includes(`database/database_20241122_020000.dump${ending}`));
    assert.equal((await opened.sidecar('files_20241122_020000')).compressed, compression !== 'none');
  });
}

test('templates name the files', async () => {
  await using opened = await openTestArchive({
    raw: { name: 'backup-{iso}Z-{database}.{ext}', folder: '{source}/hourly' },
  });
  const { snapshot } = await backUp(opened.engine, dumpOf('frag.sql', DUMP), { how: DATABASE });
  assert.equal(snapshot.id, 'backup-2024-11-22T02-00-00Z-frag');
  assert.deepEqual(await opened.keys('app'), [
    'app/hourly/backup-2024-11-22T02-00-00Z-frag.sql.gz',
    'app/hourly/backup-2024-11-22T02-00-00Z-frag_metadata.json',
  ]);
  assert.equal((await opened.engine.find('backup-2024-11', HOW)).id, snapshot.id);
  assert.deepEqual(await problemsOf(opened.engine), []);
  const odd = await backUp(opened.engine, dumpOf('ü b/../x.v2.sql', DUMP), { how: { ...DATABASE, source: 'a.v2' } });
  assert.equal(odd.snapshot.id, 'backup-2024-11-22T02-00-00Z-x.v2');
  assert.ok((await opened.engine.list(HOW)).snapshots.some(({ id }) => id === odd.snapshot.id));
});

test('a source may be called like a folder that is used for something else', async () => {
  await using opened = await openTestArchive({ raw: { folder: '{source}' } });
  for (const source of ['logs', 'tmp', '.hidden']) {
    await backUp(opened.engine, dumpOf('x.sql', DUMP), { how: { ...DATABASE, source } });
    assert.equal((await opened.keys(`_${source}`)).length, 2);
  }
  assert.equal((await opened.engine.list(HOW)).snapshots.length, 3);
  assert.deepEqual(await problemsOf(opened.engine), []);
});

test('backups of the same second have ids of their own, in whatever folder they are', async () => {
  await using opened = await openTestArchive({ raw: { folder: '{source}' } });
  const ids = await Promise.all(
    ['a', 'b', 'c'].map(
      async (source) =>
        (await backUp(opened.engine, dumpOf('x.sql', DUMP), { how: { ...DATABASE, source } })).snapshot.id,
    ),
  );
  assert.deepEqual(ids.sort(), [
    'database_20241122_020000',
    'database_20241122_020000-2',
    'database_20241122_020000-3',
  ]);
  const { snapshots } = await opened.engine.list(HOW);
  assert.deepEqual(snapshots.map(({ source }) => source).sort(), ['a', 'b', 'c']);
  assert.equal((await opened.engine.find('database_20241122_020000', HOW)).id, 'database_20241122_020000');
  assert.equal((await opened.text('logs/backup_20241122.log')).trim().split('\n').length, 3);
});

test('a log that is too long to be written anew stays as it is', async () => {
  await using opened = await openTestArchive();
  const long = Buffer.alloc(17 * 1024 * 1024, 'a line of another program\n');
  await opened.store.put('logs/backup_20241122.log', long, HOW);
  await backUp(opened.engine, dumpOf('x.sql', DUMP), { how: DATABASE });
  assert.ok(long.equals(await opened.store.read('logs/backup_20241122.log', undefined, HOW)));
});

test('two programs that begin at the same second take names of their own', async () => {
  await using one = await openTestArchive();
  await using other = await openTestArchive({ store: one.store, init: false });
  const how = { how: DATABASE };
  const both = [one, other].map(({ engine }) => backUp(engine, dumpOf('x.sql', DUMP), how));
  const ids = (await Promise.all(both)).map(({ snapshot }) => snapshot.id);
  assert.deepEqual(ids.sort(), ['database_20241122_020000', 'database_20241122_020000-2']);
  assert.deepEqual(await one.keys('.reserved'), []);
});

test('a backup that takes days keeps its name reserved, so that no cleanup takes it for what a killed one left', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const store = openMemoryStore();
  const renewals: string[] = [];
  const stored = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const put: Store['put'] = async (key, body, how) => {
    await store.put(key, body, how);
    if (key.startsWith('.reserved/')) renewals.push(key);
    if (!key.endsWith('.gz')) return;
    begun.resolve();
    await stored.promise;
  };
  await using opened = await openTestArchive({ store: { ...store, put } });
  const running = backUp(opened.engine, dumpOf('x.sql', DUMP), { how: DATABASE });
  await begun.promise;
  assert.equal(renewals.length, 1);
  t.mock.timers.tick(25 * 3_600_000);
  assert.deepEqual(await opened.keys('.reserved'), ['.reserved/database_20241122_020000']);
  stored.resolve();
  await running;
  const count = renewals.length;
  assert.ok(count > 20, `${count}`);
  t.mock.timers.tick(25 * 3_600_000);
  assert.equal(renewals.length, count);
  assert.deepEqual(await opened.keys('.reserved'), []);
});

test('a failed backup leaves metadata that say so and a line in the log, and no file', async () => {
  await using opened = await openTestArchive();
  const finish = () => Promise.reject(new SuretyError('source.incomplete', 'the dump of app has no end'));
  await assert.rejects(backUp(opened.engine, dumpOf('app.sql', 'SELECT'), { how: DATABASE, reading: { finish } }));
  assert.deepEqual(await opened.keys('database'), ['database/database_20241122_020000_metadata.json']);
  const sidecar = await opened.sidecar('database_20241122_020000');
  assert.deepEqual(
    [sidecar.status, sidecar.error_message, sidecar.size_bytes, sidecar.files_included, sidecar.encrypted],
    ['failed', 'the dump of app has no end', 0, [], false],
  );
  assert.match(await opened.text('logs/backup_20241122.log'), / ERROR database_20241122_020000 failed .*no end/);
  const { snapshots, failures, incomplete } = await opened.engine.list(HOW);
  assert.deepEqual([snapshots, incomplete], [[], []]);
  assert.deepEqual(
    failures?.map(({ id, source }) => [id, source]),
    [['database_20241122_020000', 'app']],
  );
  await assert.rejects(opened.engine.find('database_20241122_020000', HOW), { code: 'snapshot.unknown' });
});

test('a backup that was ended leaves a record of that too', async () => {
  await using opened = await openTestArchive();
  const controller = new AbortController();
  async function* chunks() {
    yield Buffer.from('a');
    controller.abort(new Error('stopped'));
    yield Buffer.from('b');
  }
  const reading = { content: () => ({ kind: 'stream', chunks: chunks() }) as const };
  const how = { ...DATABASE, signal: controller.signal };
  await assert.rejects(backUp(opened.engine, dumpOf('app.sql', ''), { how, reading }), /stopped/);
  assert.equal((await opened.sidecar('database_20241122_020000')).error_message, 'stopped');
  assert.deepEqual(await opened.keys('.reserved'), []);
});

test('what a killed backup left is told, never listed, and removed after a day', async () => {
  const now = { at: new Date() };
  const clock = { now: () => now.at, elapsedMs: () => performance.now(), sleep: async () => {} };
  await using opened = await openTestArchive({ options: { clock } });
  const { snapshot } = await backUp(opened.engine, sampleOf(), { how: AT });
  await opened.store.put('database/database_20241101_020000.sql.gz', Buffer.from('half'), HOW);
  await opened.store.put('.reserved/database_20241101_020000', Buffer.from('{}'), HOW);
  await opened.store.put('database/notes of the administrator.txt'.replaceAll(' ', '-'), Buffer.from('mine'), HOW);
  const { snapshots, incomplete } = await opened.engine.list(HOW);
  assert.deepEqual([snapshots.length, incomplete], [1, ['database/database_20241101_020000.sql.gz']]);
  const prune = async () => (await opened.engine.prune({ ...HOW, dryRun: false, maxUnused: 0 })).packsRemoved;
  assert.equal(await prune(), 0);
  now.at = new Date(now.at.getTime() + 25 * 3_600_000);
  assert.equal(await prune(), 1);
  assert.deepEqual(await opened.keys('database'), ['database/notes-of-the-administrator.txt']);
  assert.deepEqual(await opened.keys('.reserved'), []);
  await assertRestores(opened.engine, snapshot, sampleOf());
});

test('the metadata are written after the file, and a store that fails leaves neither', async () => {
  const memory = openMemoryStore();
  const order: string[] = [];
  const store: Store = {
    ...memory,
    async put(key, body, how) {
      order.push(key);
      if (key.endsWith('_metadata.json') && order.length < 6) throw new SuretyError('store.full', 'no room');
      await memory.put(key, body, how);
    },
  };
  await using opened = await openTestArchive({ store });
  await assert.rejects(backUp(opened.engine, dumpOf('app.sql', DUMP), { how: DATABASE }), { code: 'store.full' });
  assert.deepEqual(order.slice(2, 4), [
    'database/database_20241122_020000.sql.gz',
    'database/database_20241122_020000_metadata.json',
  ]);
  assert.deepEqual(await opened.keys('database'), []);
});

test('a backup that will not fit is refused, naming what it needs and what there is', async () => {
  let free = 1e9;
  const store: Store = { ...openMemoryStore(), freeBytes: async () => free };
  await using opened = await openTestArchive({ store, raw: { compression: 'none' } });
  await backUp(opened.engine, dumpOf('app.sql', 'x'.repeat(100_000)), { how: DATABASE });
  await opened.engine.list(HOW);
  free = 50_000;
  await assert.rejects(backUp(opened.engine, dumpOf('app.sql', 'y'), { how: DATABASE }), {
    code: 'store.full',
    message: /app needs about 97\.7 KiB.* has 48\.8 KiB free/,
  });
  await backUp(opened.engine, dumpOf('other.sql', 'y'), { how: { ...DATABASE, source: 'other' } });
});

test('names of one file are stored once and restored as one', async () => {
  await using opened = await openTestArchive();
  const link = { inode: 5n, device: 1n, links: 2, sizeBytes: 3 };
  const entries = [entryOf('a', link), entryOf('b', { sizeBytes: 1 }), entryOf('c', link)];
  const contents = new Map(['a', 'b', 'c'].map((path) => [path, Buffer.from(path === 'b' ? 'b' : 'abc')]));
  const held = { entries, contents, facts: { kind: 'files', versions: {}, files: 3, sizeBytes: 4 } };
  const { snapshot, stats } = await backUp(opened.engine, held, { how: AT });
  assert.deepEqual([stats.filesNew, stats.sizeBytes], [3, 4]);
  await assertRestores(opened.engine, snapshot, held);
  const all = [];
  for await (const batch of opened.engine.entries(snapshot, HOW)) all.push(...batch);
  assert.deepEqual(
    all.map(({ links }) => links),
    [2, 1, 2],
  );
  assert.equal(all[0]?.inode, all[2]?.inode);
});

test('metadata that were stored though the store said otherwise do not stay without their file', async () => {
  const memory = openMemoryStore();
  let lost = false;
  const store: Store = {
    ...memory,
    async put(key, body, how) {
      await memory.put(key, body, how);
      if (!key.endsWith('_metadata.json') || lost) return;
      lost = true;
      throw new SuretyError('store.unavailable', 'the connection broke');
    },
  };
  await using opened = await openTestArchive({ store });
  await assert.rejects(backUp(opened.engine, dumpOf('app.sql', DUMP), { how: DATABASE }), /connection broke/);
  assert.deepEqual(await opened.keys('database'), ['database/database_20241122_020000_metadata.json']);
  assert.equal((await opened.sidecar('database_20241122_020000')).status, 'failed');
});

test('files that somebody else put there stay, whatever their names look like; those of a forgotten backup go later too', async () => {
  const now = { at: new Date() };
  const clock = { now: () => now.at, elapsedMs: () => performance.now(), sleep: async () => {} };
  await using first = await openTestArchive({ options: { clock } });
  const { snapshot } = await backUp(first.engine, sampleOf(), { how: AT });
  await first.store.put('database/database_20231101_020000.sql.gz', Buffer.from('of another program'), HOW);
  await first.engine.forget([snapshot.id], HOW);
  now.at = new Date(now.at.getTime() + 25 * 3_600_000);
  await using later = await openTestArchive({ store: first.store, init: false, options: { clock } });
  assert.equal((await later.engine.prune({ ...HOW, dryRun: false, maxUnused: 0 })).packsRemoved, 1);
  assert.deepEqual(await later.keys('files'), []);
  assert.deepEqual(await later.keys('database'), ['database/database_20231101_020000.sql.gz']);
  assert.deepEqual(await later.keys('.reserved'), []);
});

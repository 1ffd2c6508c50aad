import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { endOf } from '../../../test/fixtures/child-end.ts';
import { hasCode } from '../../base/errors.ts';
import type { Held } from '../held.ts';
import {
  contentOf,
  countItems,
  execute,
  type Folder,
  makeDatabase,
  makeFolder,
  never,
  open,
  restore,
  startProcess,
  take,
} from './testing/databases.ts';

const overwrite = { conflict: 'overwrite' } as const;

/** A database of 100 rows that was read, and then lost half of them. */
async function damagedDatabase(folder: Folder, mode: 'wal' | 'delete' = 'delete') {
  const path = folder.at('app.db');
  makeDatabase(path, { mode, rows: 100 });
  const source = open(path);
  const held = await take(source);
  execute(path, 'DELETE FROM items WHERE id > 50');
  return { path, source, held };
}

function withContent(held: Held, bytes: Uint8Array): Held {
  return { ...held, contents: new Map([...held.contents.keys()].map((path) => [path, bytes])) };
}

function kept(folder: Folder): string[] {
  return readdirSync(folder.path).filter((name) => name.includes('before-restore'));
}

for (const mode of ['wal', 'delete'] as const) {
  test(`a restore in ${mode} mode replaces the database, keeps the old one and says what it checked`, async () => {
    using folder = makeFolder();
    const { path, source, held } = await damagedDatabase(folder, mode);
    const entry = held.entries.at(-1)!;
    const report = await restore(source, held, overwrite);
    assert.deepEqual(
      report.checks.map(({ what, ok }) => [what, ok]),
      [
        ['integrity', true],
        ['fingerprint', true],
        ['previous database', true],
      ],
    );
    assert.equal(report.checks[1]!.detail, 'as recorded: 1 table, 100 rows');
    const { mtimeNs } = statSync(path, { bigint: true });
    assert.equal(mtimeNs, entry.mtimeNs);
    assert.equal(statSync(path).mode & 0o7777, entry.mode);
    assert.equal(countItems(path), 100);
    using database = new DatabaseSync(path);
    assert.equal(database.prepare('PRAGMA journal_mode').get()?.journal_mode, mode);
    const [old] = kept(folder);
    assert.match(old!, /^app\.db\.before-restore-\d{8}T\d{6}Z$/);
    assert.equal(countItems(folder.at(old!)), 50);
  });
}

test('restores that follow one another within a second keep what each of them replaces', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  for (const rows of [50, 100, 100]) {
    assert.equal(countItems(path), rows);
    await restore(source, held, overwrite);
  }
  assert.equal(new Set(kept(folder)).size, 3);
});

test('restores at once keep what each of them replaces', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const database = held.contents;
  const reports = await Promise.all([1, 2, 3].map(() => restore(source, { ...held, contents: database }, overwrite)));
  assert.equal(countItems(path), 100);
  const told = reports.flatMap(({ checks }) => checks.filter(({ what }) => what === 'previous database'));
  assert.equal(told.length, 3);
  assert.deepEqual(
    kept(folder)
      .map((name) => countItems(folder.at(name)))
      .sort(),
    [100, 100, 50],
  );
});

test('a -wal file left by a killed writer is never replayed into the restored database', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder, 'wal');
  const program = `const d = new DatabaseSync(path); d.exec("DELETE FROM items WHERE id > 40; UPDATE items SET name = 'other'");
    process.kill(process.pid, 'SIGKILL');`;
  await using _dead = await startProcess(path, program);
  assert.ok(statSync(`${path}-wal`).size > 0);
  await restore(source, held, overwrite);
  assert.equal(countItems(path), 100);
  assert.equal(countItems(folder.at(kept(folder)[0]!)), 40);
});

test('a -wal file without its database is moved aside as well', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder, 'wal');
  const program = `const d = new DatabaseSync(path); d.exec("UPDATE items SET name = 'other'"); process.kill(process.pid, 'SIGKILL');`;
  await using _dead = await startProcess(path, program);
  rmSync(path);
  await restore(source, held);
  assert.equal(existsSync(`${path}-wal`), false);
  assert.equal(countItems(path), 100);
});

test('a database that is only damage is replaced', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  writeFileSync(path, 'nothing of a database is left here. '.repeat(100));
  await restore(source, held, overwrite);
  assert.equal(countItems(path), 100);
  assert.match(readFileSync(folder.at(kept(folder)[0]!), 'utf8'), /^nothing of a database/);
});

test('what exists is refused, skipped or compared by time as asked', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  await assert.rejects(restore(source, held), { code: 'target.exists' });
  assert.equal((await restore(source, held, { conflict: 'skip' })).skipped, 1);
  assert.equal((await restore(source, held, { conflict: 'newer' })).skipped, 1, 'the existing one is newer');
  assert.equal(countItems(path), 50);
  assert.deepEqual(kept(folder), []);
  const entries = held.entries.map((entry) => ({ ...entry, mtimeNs: entry.mtimeNs + 3_600_000_000_000n }));
  assert.equal((await restore(source, { ...held, entries }, { conflict: 'newer' })).files, 1);
  assert.equal(countItems(path), 100);
});

test('contents that differ from what was recorded leave the original as it was', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const before = readFileSync(path);
  makeDatabase(folder.at('other.db'), { rows: 100 });
  execute(folder.at('other.db'), "UPDATE items SET name = 'changed' WHERE id = 7");
  const other = withContent(held, readFileSync(folder.at('other.db')));
  await assert.rejects(restore(source, other, overwrite), (error) => {
    assert.ok(hasCode(error, 'target.failed'));
    assert.match(error.message, /table items has other contents/);
    return true;
  });
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(folder.path).sort(), ['app.db', 'other.db']);
});

test('a damaged file from the repository leaves the original as it was', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const bytes = Buffer.from(contentOf(held));
  bytes.fill(0xa5, 4096, 4096 + 200);
  await assert.rejects(restore(source, withContent(held, bytes), overwrite), { code: 'source.corrupt' });
  assert.equal(countItems(path), 50);
  assert.deepEqual(readdirSync(folder.path), ['app.db']);
});

test('a database without a recorded fingerprint is restored after the integrity check', async () => {
  using folder = makeFolder();
  const path = folder.at('app.db');
  makeDatabase(path, { rows: 100 });
  const source = open(path, '/', { fingerprint: 'off' });
  const held = await take(source);
  assert.equal(held.facts.fingerprint, undefined);
  rmSync(path);
  const report = await restore(source, held);
  assert.deepEqual(
    report.checks.map(({ what, detail }) => [what, detail]),
    [
      ['integrity', 'no damage found'],
      ['fingerprint', 'none was recorded'],
    ],
  );
});

const HOLDERS = {
  'an idle connection': `d.exec('SELECT 1 FROM items');`,
  'a read transaction': `d.exec('BEGIN'); d.prepare('SELECT * FROM items').get();`,
  'a write transaction': `d.exec("BEGIN IMMEDIATE; DELETE FROM items WHERE id = 1");`,
};
for (const mode of ['wal', 'delete'] as const) {
  for (const [what, statements] of Object.entries(HOLDERS)) {
    test(`${what} of another process in ${mode} mode keeps the database from being replaced`, async () => {
      using folder = makeFolder();
      const { path, source, held } = await damagedDatabase(folder, mode);
      const program = `const d = new DatabaseSync(path); ${statements} console.log(1); setInterval(() => d, 1000)`;
      await using _other = await startProcess(path, program);
      await assert.rejects(restore(source, held, overwrite), (error) => {
        assert.ok(hasCode(error, 'source.locked'), String(error));
        assert.match(error.message, /in use by node \(process \d+\)/);
        return true;
      });
      assert.equal(countItems(path), 50);
      assert.deepEqual(kept(folder), []);
      const elsewhere = await restore(source, held, { target: folder.at('elsewhere') });
      assert.equal(elsewhere.files, 1, 'another place is free');
    });
  }
}

test('a restore below a target recreates the whole path and keeps the original', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const report = await restore(source, held, { target: folder.at('target') });
  assert.equal(countItems(folder.at(`target${path}`)), 100);
  assert.equal(report.dirs, held.entries.length - 1);
  assert.equal(countItems(path), 50);
  const parent = held.entries.at(-2)!;
  assert.equal(statSync(folder.at(`target/${parent.path}`)).mode & 0o7777, parent.mode);
});

test('a target is never left through a link or a name', async () => {
  using folder = makeFolder();
  makeDatabase(folder.at('app.db'), { rows: 10 });
  const source = open('app.db', folder.path);
  const held = await take(source);
  mkdirSync(folder.at('outside'));
  mkdirSync(folder.at('target'));
  const file = held.entries[0]!;
  const dir = { ...file, type: 'dir' as const, path: 'sub', sizeBytes: 0 };
  symlinkSync('../outside', folder.at('target/sub'));
  for (const path of ['sub/app.db', '../app2.db', 'a/../../app2.db', '/app2.db', '']) {
    const entries = path.startsWith('sub') ? [dir, { ...file, path }] : [{ ...file, path }];
    await assert.rejects(
      restore(source, { ...held, entries }, { target: folder.at('target'), ...overwrite }),
      { code: 'target.escapes' },
      path,
    );
  }
  assert.deepEqual(readdirSync(folder.at('outside')), []);
  assert.equal(existsSync(folder.at('app2.db')), false);
});

test('a snapshot of another path is not restored over the configured one', async () => {
  using folder = makeFolder();
  const { held } = await damagedDatabase(folder);
  const moved = open(folder.at('elsewhere.db'));
  await assert.rejects(restore(moved, held, overwrite), { code: 'target.failed', hint: 'restore it with --target' });
});

test('a restore through a link replaces what the link points to', async () => {
  using folder = makeFolder();
  mkdirSync(folder.at('real'));
  makeDatabase(folder.at('real/app.db'), { rows: 100 });
  symlinkSync('real/app.db', folder.at('link.db'));
  const source = open('link.db', folder.path);
  const held = await take(source);
  execute(folder.at('real/app.db'), 'DELETE FROM items');
  await restore(source, held, overwrite);
  assert.equal(countItems(folder.at('real/app.db')), 100);
  assert.equal(readdirSync(folder.at('real')).length, 2);
});

test('an unfinished file of a killed restore is removed by the next one', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const dead = spawnSync('true').pid;
  writeFileSync(`${path}.surety-restore-${dead}-00112233`, 'half of it');
  writeFileSync(`${path}.surety-restore-notes`, 'of the user');
  await restore(source, held, overwrite);
  const left = readdirSync(folder.path).filter((name) => name.includes('surety-restore'));
  assert.deepEqual(left, ['app.db.surety-restore-notes']);
});

test('an unfinished file of a killed restore stays as long as no other restore succeeds: it may be the only copy', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const left = `${path}.surety-restore-${spawnSync('true').pid}-00112233`;
  writeFileSync(left, contentOf(held));
  rmSync(path);
  await assert.rejects(restore(source, withContent(held, Buffer.from('damaged'.repeat(100)))));
  assert.equal(countItems(left), 100);
  await restore(source, held);
  assert.deepEqual(readdirSync(folder.path), ['app.db']);
});

test('a restore that is killed while it writes leaves the original, and the next one cleans up', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const program = `
    import { writeFileSync } from 'node:fs';
    import { openSqlite } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)};
    const entry = { path: path.slice(1), type: 'file', mode: 0o600, uid: 0, gid: 0, mtimeNs: 0n, sizeBytes: 1, xattrs: [] };
    const restoring = {
      async *entries() { yield [entry]; },
      async *place([file]) { writeFileSync(file.path, 'half'); process.kill(process.pid, 'SIGKILL'); },
    };
    const options = { path, fingerprint: 'full', busy_timeout: 1000 };
    const source = openSqlite({ name: 'app', host: 'here', baseDir: '/', options });
    const signal = new AbortController().signal;
    await source.write(restoring, { signal, warn() {}, conflict: 'overwrite', dryRun: false });`;
  await using killed = await startProcess(path, program);
  assert.equal(await endOf(killed.child), 137);
  assert.equal(readdirSync(folder.path).length, 2);
  assert.equal(countItems(path), 50);
  await restore(source, held, overwrite);
  assert.equal(
    readdirSync(folder.path).some((name) => name.includes('surety-restore')),
    false,
  );
  assert.equal(countItems(path), 100);
});

test('an abort in the middle leaves the original and nothing else', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder);
  const controller = new AbortController();
  const reason = new Error('stop');
  setTimeout(() => controller.abort(reason), 30);
  await assert.rejects(restore(source, held, { ...overwrite, signal: controller.signal }), reason);
  assert.equal(countItems(path), 50);
  assert.deepEqual(readdirSync(folder.path), ['app.db']);
  assert.equal((await restore(source, held, { ...overwrite, signal: never })).files, 1);
});

test('what is only in the -wal file counts when times are compared', async () => {
  using folder = makeFolder();
  const { path, source, held } = await damagedDatabase(folder, 'wal');
  const program = `const d = new DatabaseSync(path); d.exec("UPDATE items SET name = 'other'"); process.kill(process.pid, 'SIGKILL');`;
  await using _dead = await startProcess(path, program);
  const between = (statSync(path, { bigint: true }).mtimeNs + statSync(`${path}-wal`, { bigint: true }).mtimeNs) / 2n;
  const entries = held.entries.map((entry) => ({ ...entry, mtimeNs: between }));
  assert.equal((await restore(source, { ...held, entries }, { conflict: 'newer' })).skipped, 1);
});

test('a folder that this user may not write is named', { skip: process.getuid?.() !== 0 }, async () => {
  using folder = makeFolder();
  makeDatabase(folder.at('app.db'), { rows: 10 });
  mkdirSync(folder.at('closed'));
  chmodSync(folder.path, 0o755);
  chmodSync(folder.at('closed'), 0o755);
  const program = `
    process.setegid(65534); process.seteuid(65534);
    const { open, take, restore } = await import(${JSON.stringify(new URL('./testing/databases.ts', import.meta.url).href)});
    const source = open('app.db', ${JSON.stringify(folder.path)});
    const held = await take(source);
    try { await restore(source, held, { target: ${JSON.stringify(folder.at('closed'))} }); }
    catch (error) { console.log(error.code, error.message); }`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.match(done.stdout, /^target\.denied can not write .*closed\/app\.db/, done.stderr);
  assert.deepEqual(readdirSync(folder.at('closed')), []);
});

test('a full disk leaves the original as it was', { skip: process.getuid?.() !== 0 }, async (t) => {
  using folder = makeFolder();
  mkdirSync(folder.at('small'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', folder.at('small')]);
  if (mounted.status !== 0) return t.skip('this machine lets nobody mount a small file system');
  try {
    const path = folder.at('small/app.db');
    makeDatabase(path, { rows: 30_000 });
    const source = open(path);
    const held = await take(source);
    execute(path, 'DELETE FROM items WHERE id = 1');
    await assert.rejects(restore(source, held, overwrite), { code: 'target.full' });
    assert.deepEqual(readdirSync(folder.at('small')), ['app.db']);
    assert.equal(countItems(path), 29_999);
  } finally {
    spawnSync('umount', [folder.at('small')]);
  }
});

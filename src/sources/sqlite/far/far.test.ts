import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type FarReach, type FarReachHow, makeFarReach } from '../../../../test/fixtures/far-reach.ts';
import { hasCode } from '../../../base/errors.ts';
import type { Source } from '../../source.ts';
import { openSqlite } from '../open.ts';
import { sqliteOptions } from '../options.ts';
import { fingerprintDatabase } from '../prove.ts';
import {
  contentOf,
  countItems,
  execute,
  makeDatabase,
  never,
  restore,
  startProcess,
  take,
} from '../testing/databases.ts';

const changed = { conflict: 'changed' } as const;

function openFar(far: FarReach, path: string, options: object = {}): Source {
  const parsed = sqliteOptions.parse({ path, ...options });
  return openSqlite({ name: 'app', host: 'far', baseDir: '/nowhere', reach: far.reach, options: parsed });
}

/** Values of every type, names that need quoting, and tables that hold the data of others. */
const ODD = `PRAGMA journal_mode = wal; PRAGMA user_version = 7;
  CREATE TABLE t (a, b REAL, "c,""d" TEXT, g AS (a || 'x'));
  CREATE TABLE "odd ' name" (x);
  INSERT INTO t VALUES (1, 0.1, 'hé'), (NULL, 1e999, x'00ff'), (9007199254740993, -1e-300, 'a' || char(0) || char(10) || ','),
    (CAST(x'ff' AS TEXT), 3, ''), (0.10000000000000002, 1e23, x''), (0.10000000000000002, 1e23, x'');
  CREATE VIRTUAL TABLE f USING fts5 (z); INSERT INTO f VALUES ('hello world');
  CREATE TABLE k (i INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO k VALUES (5);`;

const HOSTS: readonly (readonly [what: string, how: FarReachHow])[] = [
  ['python3 alone', { programs: ['python3'] }],
  ['sqlite3 and the programs of busybox', { programs: ['sqlite3', 'gzip'], busybox: true }],
  ['both', { programs: ['sqlite3', 'python3'] }],
];

for (const [what, how] of HOSTS) {
  test(`a database on a host with ${what} has the fingerprint it has here, and comes back`, async () => {
    await using far = makeFarReach(how);
    mkdirSync(far.at("da ta'x"));
    const path = far.at("da ta'x", 'a?p%.db');
    using writer = new DatabaseSync(path);
    writer.exec(ODD);
    chmodSync(path, 0o640);
    const held = await take(openFar(far, path));
    assert.deepEqual(held.warnings, []);
    const entry = held.entries.at(-1)!;
    assert.deepEqual([entry.path, entry.mode, entry.sizeBytes], [path.slice(1), 0o640, contentOf(held).length]);
    writeFileSync(far.at('copy.db'), contentOf(held));
    const here = await fingerprintDatabase(far.at('copy.db'), { signal: never });
    assert.deepEqual(held.facts.fingerprint, here);
    writer.exec('DELETE FROM t');
    writer.close();
    const report = await restore(openFar(far, path), held, changed);
    assert.deepEqual(
      report.checks.map(({ what: check, ok }) => [check, ok]),
      [
        ['integrity', true],
        ['fingerprint', true],
        ['previous database', true],
      ],
    );
    assert.deepEqual(await fingerprintDatabase(path, { signal: never }), here);
    assert.equal(statSync(path).mode & 0o7777, 0o640);
    assert.equal((statSync(path).mtimeMs / 1000) | 0, Number(entry.mtimeNs / 1_000_000_000n));
    assert.equal(readdirSync(far.at("da ta'x")).length, 2, 'the new one and the old one');
    assert.deepEqual(readdirSync(far.at('tmp')), []);
  });
}

test('restores at once keep what each of them replaces', async () => {
  await using far = makeFarReach({ programs: ['python3'] });
  mkdirSync(far.at('data'));
  const path = far.at('data', 'app.db');
  makeDatabase(path, { rows: 100 });
  const held = await take(openFar(far, path));
  execute(path, 'DELETE FROM items WHERE id > 50');
  const overwrite = { conflict: 'overwrite' } as const;
  await Promise.all([1, 2, 3].map(() => restore(openFar(far, path), held, overwrite)));
  assert.equal(countItems(path), 100);
  const names = readdirSync(far.at('data')).filter((name) => name !== 'app.db');
  assert.deepEqual(names.map((name) => countItems(far.at('data', name))).sort(), [100, 100, 50]);
});

test('a restore that was killed in its last step is named, and what it left', async () => {
  await using far = makeFarReach({ programs: ['python3'] });
  mkdirSync(far.at('data'));
  const path = far.at('data', 'app.db');
  makeDatabase(path, { rows: 100 });
  const held = await take(openFar(far, path));
  execute(path, 'DELETE FROM items WHERE id > 50');
  symlinkSync('1', `${path}.surety-restore-swap`);
  await assert.rejects(restore(openFar(far, path), held, { conflict: 'overwrite' }), (error) => {
    assert.ok(hasCode(error, 'target.exists'));
    assert.match(error.hint ?? '', /remove that link/);
    return true;
  });
  assert.equal(countItems(path), 50);
  rmSync(`${path}.surety-restore-swap`);
  await restore(openFar(far, path), held, { conflict: 'overwrite' });
  assert.equal(countItems(path), 100);
});

test('text in UTF-16 is summed up as everywhere', async () => {
  await using far = makeFarReach({ programs: ['sqlite3'] });
  const path = far.at('app.db');
  execute(path, `PRAGMA encoding = 'UTF-16be'; CREATE TABLE "tä" ("ö" TEXT); INSERT INTO "tä" VALUES ('hé'), ('😀')`);
  const held = await take(openFar(far, path));
  assert.deepEqual(held.facts.fingerprint, await fingerprintDatabase(path, { signal: never }));
});

test('only rows are counted where that is asked for, and nothing is read twice of what did not change', async () => {
  await using far = makeFarReach({ programs: ['sqlite3'] });
  const path = far.at('app.db');
  makeDatabase(path, { rows: 30 });
  const counts = await take(openFar(far, path, { fingerprint: 'counts' }));
  assert.deepEqual(counts.facts.fingerprint, await fingerprintDatabase(path, { signal: never, level: 'counts' }));
  const full = await take(openFar(far, path));
  far.calls.length = 0;
  const again = await take(openFar(far, path), full.facts);
  assert.deepEqual(again.facts.fingerprint, full.facts.fingerprint);
  // Look, hold the folder, copy, send.
  assert.equal(far.calls.length, 4);
});

test('a path that is relative or in the home folder is that of the host', async () => {
  await using far = makeFarReach({ programs: ['sqlite3'] });
  makeDatabase(far.at('home', 'app.db'), { rows: 3 });
  for (const path of ['app.db', '~/app.db']) {
    const held = await take(openFar(far, path));
    assert.equal(held.entries.at(-1)!.path, far.at('home', 'app.db').slice(1));
  }
});

test('what is missing, damaged, not there or too old is named', async () => {
  await using far = makeFarReach({ programs: ['sqlite3'] });
  const path = far.at('app.db');
  const refused = async (code: string, words: RegExp): Promise<void> => {
    await assert.rejects(take(openFar(far, path)), (error) => hasCode(error, code) && words.test(error.message));
  };
  await refused('source.missing', /far:.*app\.db\) does not exist/);
  writeFileSync(path, 'x'.repeat(5000));
  await refused('source.corrupt', /is not a SQLite database/);
  makeDatabase(far.at('other.db'), { rows: 2000 });
  const bytes = Buffer.alloc(statSync(far.at('other.db')).size, 0x5a);
  readFileSync(far.at('other.db')).copy(bytes, 0, 0, 8192);
  writeFileSync(path, bytes);
  await refused('source.corrupt', /is damaged/);
  assert.deepEqual(readdirSync(far.at('tmp')), []);
  await using bare = makeFarReach();
  await assert.rejects(take(openFar(bare, path)), (error) => hasCode(error, 'source.tool-missing'));
  writeFileSync(bare.at('bin', 'sqlite3'), '#!/bin/sh\necho 3.7.17 2013-05-20\n', { mode: 0o755 });
  await assert.rejects(
    take(openFar(bare, path)),
    (error) => hasCode(error, 'source.tool-too-old') && /3\.7\.17/.test(error.message),
  );
});

for (const program of ['sqlite3', 'python3']) {
  test(`a database that is locked for longer than busy_timeout is told so by ${program}, and one that is written to is one state`, async () => {
    await using far = makeFarReach({ programs: [program] });
    const path = far.at('app.db');
    makeDatabase(path, { mode: 'delete', rows: 10 });
    using holder = new DatabaseSync(path);
    holder.exec('BEGIN EXCLUSIVE');
    await assert.rejects(take(openFar(far, path, { busy_timeout: '300ms' })), (error) => {
      return hasCode(error, 'source.locked') && error.retry === 'later';
    });
    holder.exec('ROLLBACK; PRAGMA journal_mode = wal; CREATE TABLE pair (a, b); INSERT INTO pair VALUES (0, 0)');
    holder.close();
    const both = "d.exec('BEGIN; UPDATE pair SET a = a + 1; UPDATE pair SET b = b + 1; COMMIT')";
    const writing = `const d = new DatabaseSync(path, { timeout: 5000 }); ${both}; console.log(1); setInterval(() => ${both}, 1);`;
    await using _writer = await startProcess(path, writing);
    const held = await take(openFar(far, path));
    writeFileSync(far.at('copy.db'), contentOf(held));
    using copy = new DatabaseSync(far.at('copy.db'));
    assert.deepEqual(
      { ...copy.prepare('SELECT a = b AS equal, a > 0 AS begun FROM pair').get() },
      { equal: 1, begun: 1 },
    );
    assert.deepEqual(readdirSync(far.at('tmp')), []);
  });
}

test('a database that somebody has open is not replaced', async () => {
  await using far = makeFarReach({ programs: ['sqlite3'] });
  const path = far.at('app.db');
  makeDatabase(path, { mode: 'wal', rows: 10 });
  const held = await take(openFar(far, path));
  {
    const program =
      "const d = new DatabaseSync(path); d.exec('DELETE FROM items'); console.log(1); setInterval(() => {}, 1000);";
    await using other = await startProcess(path, program);
    const inUse = new RegExp(`is in use by .*process ${other.child.pid}`);
    await assert.rejects(
      restore(openFar(far, path), held, changed),
      (error) => hasCode(error, 'source.locked') && inUse.test(error.message),
    );
  }
  assert.equal(countItems(path), 0);
  const restored = await restore(openFar(far, path), held, changed);
  assert.equal(restored.files, 1);
  assert.equal(countItems(path), 10);
});

test('a restore to another place is one of this machine, and one that is refused changes nothing there', async () => {
  await using far = makeFarReach({ programs: ['sqlite3'] });
  const path = far.at('app.db');
  makeDatabase(path, { rows: 10 });
  const held = await take(openFar(far, path));
  far.calls.length = 0;
  await restore(openFar(far, path), held, { target: far.at('out') });
  assert.equal(countItems(far.at('out', path.slice(1))), 10);
  assert.deepEqual(far.calls, []);
  await assert.rejects(restore(openFar(far, path), held), (error) => hasCode(error, 'target.exists'));
  await assert.rejects(restore(openFar(far, far.at('b.db')), held), (error) => hasCode(error, 'target.failed'));
  const facts = {
    ...held.facts,
    fingerprint: { algorithm: 'sqlite-rows-count-v1', tables: [{ name: 'items', rows: 11 }] },
  };
  await assert.rejects(restore(openFar(far, path), { ...held, facts }, changed), (error) =>
    hasCode(error, 'target.failed'),
  );
  assert.deepEqual(
    readdirSync(far.folder).filter((name) => name.startsWith('.') || name.includes('restore')),
    [],
  );
});

test('nothing stays in the folder for a while when a reading is aborted, or whoever holds it is killed', async () => {
  await using far = makeFarReach({ programs: ['sqlite3'] });
  makeDatabase(far.at('app.db'), { rows: 10 });
  const controller = new AbortController();
  {
    const how = { signal: controller.signal, warn: () => {} };
    await using _reading = await openFar(far, far.at('app.db')).read(how);
    assert.equal(readdirSync(far.at('tmp')).length, 1);
    controller.abort();
  }
  assert.deepEqual(readdirSync(far.at('tmp')), []);
  // As left by a process of which there is none any more.
  mkdirSync(far.at('tmp', `.surety-sqlite-${hostname().replaceAll(/[^A-Za-z0-9.]/g, '')}-999999999-abcdefabcdef`));
  await take(openFar(far, far.at('app.db')));
  assert.deepEqual(readdirSync(far.at('tmp')), []);
});

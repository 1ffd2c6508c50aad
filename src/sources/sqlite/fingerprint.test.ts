import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { compareFingerprints } from '../compare-fingerprints.ts';
import { fingerprint } from './fingerprint.ts';
import { fingerprintDatabase } from './prove.ts';
import { makeDatabase, makeFolder, never } from './testing/databases.ts';

const goOn = (): boolean => false;

function of(sql: string, level: 'full' | 'counts' = 'full') {
  using database = new DatabaseSync(':memory:');
  database.exec(sql);
  return fingerprint(database, level, goOn)!;
}

function checksum(sql: string, table = 't'): string | undefined {
  return of(sql).tables.find(({ name }) => name === table)?.checksum;
}

const rows = (...values: string[]): string => `CREATE TABLE t (a, b); INSERT INTO t VALUES ${values.join(', ')}`;

describe('the checksum of a table', () => {
  test('does not depend on the order of rows, nor on deleted ones', () => {
    const expected = checksum(rows('(1, 2)', '(3, 4)', '(3, 4)'));
    assert.equal(checksum(rows('(3, 4)', '(1, 2)', '(3, 4)')), expected);
    assert.equal(checksum(`${rows('(9, 9)', '(3, 4)', '(1, 2)', '(3, 4)')}; DELETE FROM t WHERE a = 9`), expected);
    assert.notEqual(checksum(rows('(1, 2)', '(3, 4)')), expected);
  });

  test('tells types, near numbers and bytes apart', () => {
    const values = [
      'NULL',
      '0',
      '0.0',
      "'0'",
      "x'30'",
      "''",
      "x''",
      '1',
      '1.0',
      '1e999',
      '-1e999',
      '0.1',
      '0.10000000000000002',
      '9007199254740992',
      '9007199254740993',
      '9223372036854775807',
      '-9223372036854775808',
      "'a' || char(0) || 'b'",
      "'a' || char(0)",
      "'a'",
      "CAST(x'ff' AS TEXT)",
      "CAST(x'fe' AS TEXT)",
      "x'ff'",
      "'\ufffd'",
      "'ü'",
    ];
    const sums = values.map((value) => checksum(rows(`(${value}, 1)`)));
    for (const [index, sum] of sums.entries()) {
      const twin = sums.indexOf(sum);
      assert.equal(twin, index, `${values[twin]} and ${values[index]}`);
    }
  });

  test('is the same whether a table is read fast or exactly', () => {
    // The replacement character makes the fast way give up at its last row.
    const exact = checksum(rows("('ü', 1.5)", "(NULL, x'00ff')", "(7, '\ufffd')"));
    const fast = of(rows("('ü', 1.5)", "(NULL, x'00ff')"));
    const removed = checksum(`${rows("('ü', 1.5)", "(NULL, x'00ff')", "(7, '\ufffd')")}; DELETE FROM t WHERE a = 7`);
    assert.notEqual(exact, removed);
    assert.equal(fast.tables.find(({ name }) => name === 't')?.checksum, removed);
  });

  test('covers tables without a rowid and strange names, and leaves generated columns out', () => {
    const without = 'CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO t VALUES (1, 2)';
    assert.notEqual(checksum(without), checksum(`${without}; UPDATE t SET b = 3`));
    const strange = 'CREATE TABLE "od""d na\'me;" ("se""lect", "a b"); INSERT INTO "od""d na\'me;" VALUES (1, 2)';
    assert.equal(of(strange).tables.find(({ name }) => name.startsWith('od'))?.rows, 1);
    const generated = 'CREATE TABLE t (a, b, c AS (a + 1), d AS (b || a) STORED); INSERT INTO t VALUES (1, 2)';
    assert.equal(checksum(generated), checksum(rows('(1, 2)')));
  });
});

test('full-text and R-tree indexes are covered by the tables they keep their data in', () => {
  const search = "CREATE VIRTUAL TABLE s USING fts5(body); INSERT INTO s VALUES ('hello world')";
  const tree = 'CREATE VIRTUAL TABLE r USING rtree(id, low, high); INSERT INTO r VALUES (1, 2, 3)';
  const before = of(`${search}; ${tree}`);
  const names = before.tables.map(({ name }) => name);
  assert.ok(names.includes('s_content') && names.includes('r_node'));
  assert.ok(!names.includes('s') && !names.includes('r'));
  const after = of(`${search}; ${tree}; UPDATE s SET body = 'hello there'`);
  assert.match(compareFingerprints(before, after).detail, /table s_content has other contents/);
});

test('the schema, its version and the marks of the application are covered', () => {
  const base = of(rows('(1, 2)'));
  for (const change of [
    'CREATE INDEX i ON t (a)',
    'PRAGMA user_version = 7',
    'PRAGMA application_id = 7',
    'CREATE VIEW v AS SELECT 1',
  ]) {
    const comparison = compareFingerprints(base, of(`${rows('(1, 2)')}; ${change}`));
    assert.match(comparison.detail, /table sqlite_schema/, change);
  }
});

test('counts only is a fingerprint of its own kind', () => {
  const counts = of(rows('(1, 2)', '(3, 4)'), 'counts');
  assert.deepEqual(
    counts.tables.find(({ name }) => name === 't'),
    { name: 't', rows: 2 },
  );
  assert.equal(compareFingerprints(counts, of(rows('(5, 6)', '(7, 8)'), 'counts')).equal, true);
  assert.equal(compareFingerprints(counts, of(rows('(1, 2)', '(3, 4)'))).equal, false);
});

test('a comparison names the tables that differ', () => {
  const recorded = of('CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x); INSERT INTO a VALUES (1)');
  const found = of('CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE d (x); INSERT INTO b VALUES (1)');
  const { equal, detail } = compareFingerprints(recorded, found);
  assert.equal(equal, false);
  for (const part of ['table a has 0 rows instead of 1', 'table c is missing', 'table d was not there']) {
    assert.ok(detail.includes(part), detail);
  }
});

test('rows of many megabytes are read', async () => {
  using folder = makeFolder();
  makeDatabase(folder.at('app.db'), { rows: 1 });
  using database = new DatabaseSync(folder.at('app.db'));
  database.exec('INSERT INTO items VALUES (2, hex(zeroblob(20000000)), 1, zeroblob(40000000), NULL)');
  const first = await fingerprintDatabase(folder.at('app.db'), { signal: never });
  database.exec('UPDATE items SET picture = zeroblob(39999999) WHERE id = 2');
  const second = await fingerprintDatabase(folder.at('app.db'), { signal: never });
  assert.match(compareFingerprints(first, second).detail, /^table items has other contents$/);
});

test('an abort ends the reading of rows', async () => {
  using folder = makeFolder();
  makeDatabase(folder.at('app.db'), { rows: 300_000 });
  const controller = new AbortController();
  const reason = new Error('stop');
  setTimeout(() => controller.abort(reason), 60);
  const started = performance.now();
  await assert.rejects(fingerprintDatabase(folder.at('app.db'), { signal: controller.signal }), reason);
  assert.ok(performance.now() - started < 1500);
});

test('a file that is no database is an error with its path', async () => {
  await assert.rejects(fingerprintDatabase(import.meta.filename, { signal: never }), { code: 'source.corrupt' });
});

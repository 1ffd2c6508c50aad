/**
 * What a SQLite database contains, table by table. Counted are ordinary tables, those of SQLite itself, and the shadow tables
 * in which virtual tables (full-text search, R-trees) keep their data; the virtual tables themselves have none. Generated columns are
 * left out, since the others determine them. The schema is the table `sqlite_schema`; its checksum covers
 * `user_version`, `application_id` and the text encoding as well.
 */

import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Fingerprint, TableFingerprint } from '../source.ts';
import type { FingerprintLevel } from './options.ts';
import { openRowSum, type RowSum, type SqlValue, type TextBytes } from './row-sum.ts';

export const FULL_ALGORITHM = 'sqlite-rows-sha256-sum-v1';
export const COUNTS_ALGORITHM = 'sqlite-rows-count-v1';

/** Asked now and then while rows are read; true ends the work with an AbortError. */
export type Cancelled = () => boolean;

const ROWS_BETWEEN_QUESTIONS = 4096;

/** Opens a database that no process writes to. Nothing is created beside it, also when it is in WAL mode. */
export function openUnchanging(path: string): DatabaseSync {
  return new DatabaseSync(new URL(`${pathToFileURL(path).href}?immutable=1`), { readOnly: true });
}

/** The fingerprint, or undefined for the level `off`. Throws what `node:sqlite` throws. */
export function fingerprint(
  database: DatabaseSync,
  level: FingerprintLevel,
  cancelled: Cancelled,
): Fingerprint | undefined {
  if (level === 'off') return undefined;
  const names = tableNames(database);
  if (level === 'counts') {
    return { algorithm: COUNTS_ALGORITHM, tables: names.map((name) => ({ name, rows: countRows(database, name) })) };
  }
  const tables = names.map((name) =>
    name === 'sqlite_schema' ? schemaFingerprint(database, cancelled) : tableFingerprint(database, name, cancelled),
  );
  return { algorithm: FULL_ALGORITHM, tables };
}

function tableNames(database: DatabaseSync): string[] {
  const sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') ORDER BY name";
  return database
    .prepare(sql)
    .all()
    .map((row) => String(row.name));
}

function countRows(database: DatabaseSync, table: string): number {
  return Number(database.prepare(`SELECT count(*) AS rows FROM ${quoted(table)}`).get()?.rows);
}

function schemaFingerprint(database: DatabaseSync, cancelled: Cancelled): TableFingerprint {
  const sum = sumRows(database, ['type', 'name', 'tbl_name', 'sql'], 'sqlite_schema', cancelled);
  const rows = sum.rows;
  for (const pragma of ['user_version', 'application_id', 'encoding']) {
    addRows(database, `SELECT '${pragma}', * FROM pragma_${pragma}`, sum, cancelled);
  }
  return { name: 'sqlite_schema', rows, checksum: sum.checksum() };
}

function tableFingerprint(database: DatabaseSync, name: string, cancelled: Cancelled): TableFingerprint {
  const columns = database
    .prepare('SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid')
    .all(name)
    .map((row) => quoted(String(row.name)));
  const sum = sumRows(database, columns, quoted(name), cancelled);
  return { name, rows: sum.rows, checksum: sum.checksum() };
}

function sumRows(database: DatabaseSync, columns: readonly string[], table: string, cancelled: Cancelled): RowSum {
  const sum = openRowSum();
  if (addRows(database, `SELECT ${columns.join(', ')} FROM ${table}`, sum, cancelled)) return sum;
  const exact = openRowSum();
  addExactRows(database, columns, table, exact, cancelled);
  return exact;
}

/** Adds all rows; returns false at the first text that may have lost bytes on its way into a string. */
function addRows(database: DatabaseSync, sql: string, sum: RowSum, cancelled: Cancelled): boolean {
  for (const row of rowsOf(database, sql, cancelled)) {
    for (const value of row) if (typeof value === 'string' && value.includes('\ufffd')) return false;
    sum.add(row);
  }
  return true;
}

/** The slower way, which asks for text as bytes. It comes to the same sum where all text is valid UTF-8. */
function addExactRows(
  database: DatabaseSync,
  columns: readonly string[],
  table: string,
  sum: RowSum,
  cancelled: Cancelled,
): void {
  const isText = columns.map((column) => `(typeof(${column}) = 'text')`).join(' || ');
  const values = columns.map((column) => `iif(typeof(${column}) = 'text', CAST(${column} AS BLOB), ${column})`);
  const sql = `SELECT ${values.join(', ')}, ${isText} || '' FROM ${table}`;
  for (const row of rowsOf(database, sql, cancelled)) {
    const flags = String(row.at(-1));
    const exact = row.slice(0, -1).map((value, column): SqlValue | TextBytes => {
      return flags[column] === '1' && value instanceof Uint8Array ? { text: value } : value;
    });
    sum.add(exact);
  }
}

function* rowsOf(database: DatabaseSync, sql: string, cancelled: Cancelled): Generator<SqlValue[]> {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  let untilQuestion = 0;
  for (const row of statement.iterate()) {
    if (untilQuestion-- === 0) {
      untilQuestion = ROWS_BETWEEN_QUESTIONS;
      if (cancelled()) throw new DOMException('stopped while reading rows', 'AbortError');
    }
    yield row as unknown as SqlValue[];
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

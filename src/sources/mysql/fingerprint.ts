import type { Fingerprint, ObjectFingerprint, TableFingerprint } from '../source.ts';
import { binaryList, identifier, qualified, text } from './quote.ts';
import type { Session } from './session.ts';
import { listTables, type Table } from './survey.ts';

export type Level = 'full' | 'counts';

/**
 * Two sums over all rows: of the CRC-32 of the row and of the CRC-32 of the row's MD5, each modulo 2^64. A sum does not depend on the
 * order of rows and, other than XOR, notices rows that are there twice. A row is its columns as text, each such that neighbours and
 * NULL can not be mixed up; generated columns are left out.
 */
export const FULL_ALGORITHM = 'mysql-crc-sum-1';
export const COUNTS_ALGORITHM = 'mysql-counts-1';

export const LEVELS: Readonly<Record<string, Level>> = { [FULL_ALGORITHM]: 'full', [COUNTS_ALGORITHM]: 'counts' };

export interface FingerprintHow {
  readonly level: Level;
  /** The tables that count; default: all. */
  readonly includes?: (table: string) => boolean;
  /** What stands before each name: empty, or `database/`. */
  readonly prefix: string;
  /** Called between tables: it goes on. */
  readonly alive?: (() => void) | undefined;
}

/** How many questions are on their way at once, so that a way with a long delay is not felt. */
const TABLES_AT_ONCE = 50;

/** Rows and checksums of the tables of one database, and what else is in it, as the session's transaction sees them. */
export async function fingerprintDatabase(
  session: Session,
  database: string,
  how: FingerprintHow,
): Promise<Fingerprint> {
  const { level, prefix, includes = () => true } = how;
  const all = (await listTables(session, database)).filter(({ name }) => includes(name));
  const columns = level === 'full' ? await readColumns(session, database) : new Map<string, Column[]>();
  const base = all.filter(({ kind }) => kind === 'table');
  const tables: TableFingerprint[] = [];
  for (let from = 0; from < base.length; from += TABLES_AT_ONCE) {
    const batch = base.slice(from, from + TABLES_AT_ONCE).map(async ({ name }) => {
      const read = level === 'full' ? (columns.get(name) ?? []) : undefined;
      const found = await fingerprintTable(session, database, name, read);
      how.alive?.();
      return { name: prefix + name, ...found };
    });
    tables.push(...(await Promise.all(batch)));
  }
  const objects = await readObjects(session, database, all);
  const algorithm = level === 'full' ? FULL_ALGORITHM : COUNTS_ALGORITHM;
  return { algorithm, tables, objects: objects.map((object) => ({ ...object, name: prefix + object.name })) };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Columns with contents of their own, by table. */
async function readColumns(session: Session, database: string): Promise<Map<string, Column[]>> {
  const rows = await session.query(
    `SELECT table_schema, table_name, column_name, data_type, IFNULL(generation_expression, '') FROM information_schema.columns WHERE table_schema = ${text(database)} ORDER BY table_name, ordinal_position`,
  );
  const columns = new Map<string, Column[]>();
  for (const [schema, table = '', name = '', type = '', expression = ''] of rows) {
    if (schema !== database || expression !== '') continue;
    const known = columns.get(table);
    if (known === undefined) columns.set(table, [{ name, type }]);
    else known.push({ name, type });
  }
  return columns;
}

async function fingerprintTable(
  session: Session,
  database: string,
  table: string,
  columns: readonly Column[] | undefined,
): Promise<{ rows: number; checksum?: string }> {
  const from = `FROM ${qualified(database, table)}`;
  if (columns === undefined || columns.length === 0) {
    const [[count = '0'] = []] = await session.query(`SELECT COUNT(*) ${from}`);
    return { rows: Number(count) };
  }
  const row = `CONCAT_WS(',', ${columns.map(columnText).join(', ')})`;
  const sums = `IFNULL(SUM(CRC32(${row})), 0), IFNULL(SUM(CRC32(MD5(${row}))), 0), IFNULL(SUM(${row} IS NULL), 0)`;
  const [[count = '0', plain = '0', digest = '0', unread = '0'] = []] = await session.query(
    `SELECT COUNT(*), ${sums} ${from}`,
  );
  // A row that the server could not put together would be missing in the sums.
  if (unread !== '0') return { rows: Number(count) };
  return { rows: Number(count), checksum: hex64(plain) + hex64(digest) };
}

function hex64(sum: string): string {
  return (BigInt(sum) % (1n << 64n)).toString(16).padStart(16, '0');
}

const NUMBERS = /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|year|date|time|datetime|timestamp)$/;
const LARGE = /^(tiny|medium|long)?(text|blob)$|^json$|^(geometry|point|linestring|polygon|multi\w+|geom\w+|vector)$/;

/**
 * A column as the dump shows it. Texts have their length in front; large ones are represented by a digest, since the server makes
 * NULL of a text longer than max_allowed_packet.
 */
function columnText({ name, type }: Column): string {
  const column = identifier(name);
  if (NUMBERS.test(type)) return `IFNULL(${column}, 'N')`;
  if (type === 'bit') return `IFNULL(${column} + 0, 'N')`;
  if (type === 'json') return `IFNULL(MD5(CAST(${column} AS CHAR)), 'N')`;
  if (LARGE.test(type)) return `IFNULL(MD5(${column}), 'N')`;
  return `IFNULL(CONCAT(LENGTH(${column}), ':', CAST(${column} AS BINARY)), 'N')`;
}

/** Views, routines, triggers, events and sequences, each with a digest of its definition in which the database's own name does not matter. */
async function readObjects(session: Session, database: string, tables: readonly Table[]): Promise<ObjectFingerprint[]> {
  const own = text(`${identifier(database)}.`);
  const plain = (expression: string) => `MD5(REPLACE(IFNULL(${expression}, ''), ${own}, ''))`;
  const of = (column: string) => `WHERE ${column} = ${text(database)} ORDER BY 1, 2`;
  const views = tables.filter(({ kind }) => kind === 'view').map(({ name }) => name);
  const queries: readonly (readonly [ObjectFingerprint['kind'], string])[] = [
    [
      'routine',
      `SELECT routine_name, ${plain('routine_definition')}, LOWER(routine_type) FROM information_schema.routines ${of('routine_schema')}`,
    ],
    [
      'trigger',
      `SELECT trigger_name, ${plain("CONCAT_WS(' ', action_timing, event_manipulation, event_object_table, action_statement)")}, '' FROM information_schema.triggers ${of('trigger_schema')}`,
    ],
    [
      'event',
      `SELECT event_name, ${plain('event_definition')}, '' FROM information_schema.events ${of('event_schema')}`,
    ],
  ];
  const objects: ObjectFingerprint[] = [];
  if (views.length > 0) {
    const among = `AND BINARY table_name IN ${binaryList(views)}`;
    const rows = await session.query(
      `SELECT table_name, ${plain('view_definition')} FROM information_schema.views WHERE table_schema = ${text(database)} ${among} ORDER BY 1`,
    );
    objects.push(...rows.map(([name = '', value = '']) => ({ kind: 'view' as const, name, value })));
  }
  for (const [kind, query] of queries) {
    const rows = await session.query(query);
    objects.push(
      ...rows.map(([name = '', value = '', type = '']) => ({
        kind,
        name: type === 'function' ? `${name}()` : name,
        value,
      })),
    );
  }
  const sequences = tables.filter(({ kind }) => kind === 'sequence');
  return [...objects, ...sequences.map(({ name }) => ({ kind: 'sequence' as const, name, value: '' }))];
}

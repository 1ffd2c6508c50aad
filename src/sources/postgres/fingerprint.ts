/**
 * What a database contains, as one transaction sees it. A table's checksum is the sum, modulo 2^64, of a 64-bit hash of each row's
 * text, so the order of rows does not matter, and a row that is there twice counts twice. The text is that of `ROW(…)` over the columns
 * ordered by name, with settings that do not depend on server, role or database.
 */
import type { Fingerprint, ObjectFingerprint, TableFingerprint } from '../source.ts';
import type { DumpedPart } from './describe-database.ts';
import type { PostgresOptions } from './options.ts';
import { relationCondition, schemaCondition } from './patterns.ts';
import { identifier, literal, shownName } from './quote.ts';
import type { Session } from './session.ts';

/** `hashtextextended`, which servers have since version 11: its results are the base of hash partitions and so never change. */
export const HASH_ALGORITHM = 'postgres-rows-hash64-v1';
/** The first 8 bytes of MD5, for older servers. */
export const MD5_ALGORITHM = 'postgres-rows-md5-v1';
export const COUNTS_ALGORITHM = 'postgres-rows-counts-v1';

const KNOWN: readonly string[] = [HASH_ALGORITHM, MD5_ALGORITHM, COUNTS_ALGORITHM];

/** The algorithm for a server of this version (`server_version_num`); undefined when nothing is to be recorded. */
export function algorithmFor(level: PostgresOptions['fingerprint'], serverVersion: number): string | undefined {
  if (level === 'off') return undefined;
  if (level === 'counts') return COUNTS_ALGORITHM;
  return serverVersion >= 110_000 ? HASH_ALGORITHM : MD5_ALGORITHM;
}

export function isKnownAlgorithm(algorithm: string): boolean {
  return KNOWN.includes(algorithm);
}

export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** What is in a database, as far as it is dumped. */
export interface Contents {
  readonly tables: readonly Relation[];
  readonly sequences: readonly Omit<Relation, 'columns'>[];
  /** Everything but tables and sequences. */
  readonly objects: readonly ObjectFingerprint[];
}

type Choice = Pick<PostgresOptions, 'schemas' | 'tables' | 'exclude_schemas' | 'exclude_tables' | 'large_objects'>;

const OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

function notOfExtension(catalog: string, object: string): string {
  return `NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = '${catalog}'::pg_catalog.regclass AND x.objid = ${object} AND x.deptype = 'e')`;
}

/** Which part of a database is dumped; undefined: all of it. To be called before {@link useFixedSettings}, too. */
export async function partOfDatabase(session: Session, choice: Choice): Promise<DumpedPart | undefined> {
  const { tables, schemas, exclude_schemas, exclude_tables } = choice;
  if ((tables ?? schemas ?? exclude_schemas ?? exclude_tables) === undefined) return undefined;
  const kind = tables !== undefined ? 'tables' : schemas !== undefined ? 'schemas' : 'without';
  const found = await session.rows<{ name: string }>(
    `SELECT DISTINCT n.nspname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${OWN} AND ${relationCondition(choice)} ORDER BY 1`,
  );
  return { kind, schemas: found.map(({ name }) => name) };
}

/** Lists what is in the database. Call it before {@link useFixedSettings}: patterns without a schema depend on the search path. */
export async function listContents(session: Session, choice: Choice, unlogged: boolean): Promise<Contents> {
  const relation = (kinds: string) =>
    `FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN (${kinds}) AND c.relpersistence <> 't' ${unlogged ? '' : "AND c.relpersistence <> 'u'"} AND ${OWN}
       AND ${notOfExtension('pg_class', 'c.oid')} AND ${relationCondition(choice)}`;
  const tables = await session.rows<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name, ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname::text COLLATE "C") AS columns
     ${relation("'r'")} ORDER BY 1, 2`,
  );
  const sequences = await session.rows<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name ${relation("'S'")} AND ${withItsTable(choice)} ORDER BY 1, 2`,
  );
  const views = await session.rows<Relation>(
    `SELECT n.nspname AS schema, c.relname AS name ${relation("'v', 'm'")} ORDER BY 1, 2`,
  );
  const named = views.map(
    ({ schema, name }): ObjectFingerprint => ({ kind: 'view', name: shownName(schema, name), value: '' }),
  );
  return { tables, sequences, objects: [...named, ...(await listOthers(session, choice))] };
}

/** SQL that says whether the sequence `c` is dumped: one of an identity column is only where its table is. */
function withItsTable(choice: Choice): string {
  return `NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::pg_catalog.regclass AND d.objid = c.oid
    AND d.deptype = 'i' AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = d.refobjid AND ${relationCondition(choice)}))`;
}

async function listOthers(session: Session, choice: Choice): Promise<ObjectFingerprint[]> {
  if (choice.tables !== undefined) return [];
  const triggers = `SELECT 'trigger' AS kind, n.nspname AS schema, c.relname || '.' || t.tgname AS name, '' AS value
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND ${OWN} AND ${notOfExtension('pg_class', 'c.oid')} AND ${relationCondition(choice)}`;
  const routines = `SELECT 'routine', n.nspname, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', ''
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE ${OWN} AND ${notOfExtension('pg_proc', 'p.oid')} AND ${schemaCondition(choice)}`;
  const extensions = `SELECT 'extension', '', e.extname, e.extversion FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql'`;
  const large = `SELECT 'large-object', '', 'all', pg_catalog.count(*)::text FROM pg_catalog.pg_largeobject_metadata`;
  const whole = choice.schemas === undefined;
  const parts = [triggers, routines];
  if (whole) parts.push(extensions);
  if (choice.large_objects ?? whole) parts.push(large);
  const found = await session.rows<ObjectFingerprint & { schema: string }>(
    `${parts.join('\nUNION ALL\n')}\nORDER BY 1, 2, 3`,
  );
  return found.map(({ kind, schema, name, value }) => ({
    kind,
    name: schema === '' ? name : `${shownName(schema)}.${name}`,
    value,
  }));
}

/** Makes the text of a row depend on nothing but the row. */
export async function useFixedSettings(session: Session): Promise<void> {
  await session.run(
    [
      "SET search_path = ''",
      "SET DateStyle = 'ISO, YMD'",
      "SET IntervalStyle = 'postgres'",
      "SET TimeZone = 'UTC'",
      'SET extra_float_digits = 3',
      "SET bytea_output = 'hex'",
      "SET lc_monetary = 'C'",
      'SET quote_all_identifiers = off',
    ].join(';\n'),
  );
}

/** How many tables one query reads: few enough for the planner, enough that a way with a long delay is not felt. */
const TABLES_AT_ONCE = 50;

/** Reads every row of the tables. `prefix` goes in front of their names. */
export async function sumTables(
  session: Session,
  tables: readonly Relation[],
  { algorithm, prefix }: { readonly algorithm: string; readonly prefix: string },
): Promise<TableFingerprint[]> {
  const sums: TableFingerprint[] = [];
  for (let from = 0; from < tables.length; from += TABLES_AT_ONCE) {
    const batch = tables.slice(from, from + TABLES_AT_ONCE);
    const query = batch.map((table, at) => tableQuery(table, at, algorithm)).join('\nUNION ALL\n');
    const found = await session.rows<{ at: number; rows: string; sum: string | null }>(`${query}\nORDER BY 1`);
    for (const { at, rows, sum } of found) {
      const { schema, name } = batch[at]!;
      const checksum = sum === null ? {} : { checksum: hex(BigInt(sum)) };
      sums.push({ name: prefix + shownName(schema, name), rows: Number(rows), ...checksum });
    }
  }
  return sums;
}

function tableQuery({ schema, name, columns }: Relation, at: number, algorithm: string): string {
  const row = `ROW(${columns.map((column) => `t.${identifier(column)}`).join(', ')})::text COLLATE "C"`;
  const sum = algorithm === COUNTS_ALGORITHM ? 'NULL' : `coalesce(sum(${hashOf(row, algorithm)}), 0)::text`;
  return `SELECT ${at} AS at, count(*)::text AS rows, ${sum} AS sum FROM ONLY ${identifier(schema)}.${identifier(name)} AS t`;
}

function hashOf(text: string, algorithm: string): string {
  if (algorithm === HASH_ALGORITHM) return `hashtextextended(${text}, 0)`;
  return `('x' || substr(md5(${text}), 1, 16))::bit(64)::bigint`;
}

function hex(sum: bigint): string {
  return BigInt.asUintN(64, sum).toString(16).padStart(16, '0');
}

/** The number that each sequence gives out next, by its name with `prefix` in front. Sequences are outside of transactions: it is the present one. */
export async function nextNumbers(
  session: Session,
  sequences: Contents['sequences'],
  prefix: string,
): Promise<Map<string, bigint>> {
  const numbers = new Map<string, bigint>();
  for (let from = 0; from < sequences.length; from += TABLES_AT_ONCE) {
    const batch = sequences.slice(from, from + TABLES_AT_ONCE);
    const queries = batch.map(
      ({ schema, name }, at) =>
        `SELECT ${at} AS at, last_value::text AS last, is_called AS called FROM ${identifier(schema)}.${identifier(name)}`,
    );
    const found = await session.rows<{ at: number; last: string; called: boolean }>(queries.join('\nUNION ALL\n'));
    for (const { at, last, called } of found) {
      const { schema, name } = batch[at]!;
      numbers.set(prefix + shownName(schema, name), BigInt(last) * 2n + (called ? 1n : 0n));
    }
  }
  return numbers;
}

/**
 * Values of sequences for a fingerprint. One that gave out numbers while the dump was made is a range, `5..9`: the dump has one of
 * these. `?` behind a number: it was set, but not given out yet.
 */
export function sequenceObjects(
  before: ReadonlyMap<string, bigint>,
  after: ReadonlyMap<string, bigint>,
): ObjectFingerprint[] {
  return [...before].map(([name, first]) => {
    const last = after.get(name) ?? first;
    const [low, high] = first < last ? [first, last] : [last, first];
    return { kind: 'sequence', name, value: low === high ? place(low) : `${place(low)}..${place(high)}` };
  });
}

function place(number: bigint): string {
  const called = (number & 1n) === 1n;
  return `${(number - (called ? 1n : 0n)) / 2n}${called ? '' : '?'}`;
}

/** Roles of the server; those that PostgreSQL itself brings are left out. */
export async function listRoles(session: Session): Promise<ObjectFingerprint[]> {
  const roles = await session.rows<{ name: string }>(
    `SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname !~ ${literal('^pg_')} ORDER BY 1`,
  );
  return roles.map(({ name }) => ({ kind: 'role', name, value: '' }));
}

/** Everything at once, for a database that nobody changes: one that was just restored. */
export async function fingerprintAll(session: Session, algorithm: string, prefix: string): Promise<Fingerprint> {
  const { tables, sequences, objects } = await listContents(session, {}, true);
  await useFixedSettings(session);
  const sums = await sumTables(session, tables, { algorithm, prefix });
  const numbers = await nextNumbers(session, sequences, prefix);
  const named = objects.map((object) => ({ ...object, name: prefix + object.name }));
  return { algorithm, tables: sums, objects: [...sequenceObjects(numbers, numbers), ...named] };
}

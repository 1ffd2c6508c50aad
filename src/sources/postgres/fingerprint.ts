/**
 * What a database contains, as one transaction sees it. A table's checksum is the sum, modulo 2^64, of a 64-bit hash of each row's
 * text, so the order of rows does not matter, and a row that is there twice counts twice. The text is that of `ROW(…)` over the columns
 * ordered by name, with settings that do not depend on server, role or database.
 */

import type { Fingerprint, ObjectFingerprint, TableFingerprint } from '../source.ts';
import { type Contents, listContents, type Relation } from './contents.ts';
import type { PostgresOptions } from './options.ts';
import { identifier, shownName } from './quote.ts';
import type { Session } from './session.ts';

/** `hashtextextended`, which servers have since version 11: its results are the base of hash partitions and so never change. */
const HASH_ALGORITHM = 'postgres-rows-hash64-v1';
/** The first 8 bytes of MD5, for older servers. */
const MD5_ALGORITHM = 'postgres-rows-md5-v1';
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

/** Everything at once, for a database that nobody changes: one that was just restored. */
export async function fingerprintAll(session: Session, algorithm: string, prefix: string): Promise<Fingerprint> {
  const { tables, sequences, objects } = await listContents(session, {}, true);
  await useFixedSettings(session);
  const sums = await sumTables(session, tables, { algorithm, prefix });
  const numbers = await nextNumbers(session, sequences, prefix);
  const named = objects.map((object) => ({ ...object, name: prefix + object.name }));
  return { algorithm, tables: sums, objects: [...sequenceObjects(numbers, numbers), ...named] };
}

import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { Fingerprint, SourceFacts } from '../source.ts';
import type { Database } from './survey.ts';

/** What is remembered about MySQL databases besides what every source remembers. */
export interface MysqlFacts extends SourceFacts {
  readonly mysql: {
    readonly databases: readonly StoredDatabase[];
    /** False when the fingerprint was taken beside the dump, so that it may differ from it by what was written meanwhile. */
    readonly exact: boolean;
  };
}

export interface StoredDatabase extends Database {
  /** Number of base tables. */
  readonly tables: number;
  /** Base tables that are not part of a transaction: they may show a later moment than the others. */
  readonly beside: readonly string[];
}

/** What a snapshot says about MySQL; undefined where it says nothing, such as in one of an existing dump. */
export function mysqlFacts(facts: SourceFacts | undefined): MysqlFacts['mysql'] | undefined {
  return (facts as Partial<MysqlFacts> | undefined)?.mysql;
}

export interface Emptied {
  readonly source: string;
  readonly previous: SourceFacts | undefined;
}

/** A database without any table that had some: an application that found none may have made it anew. */
export function expectTables({ source, previous }: Emptied, databases: readonly StoredDatabase[]): void {
  for (const { name, tables } of databases) {
    const before = mysqlFacts(previous)?.databases.find((one) => one.name === name)?.tables ?? 0;
    if (tables === 0 && before > 0) throw emptied(source, name, `has no tables any more, and had ${before}`);
  }
}

/** The same by rows, where they were counted. */
export function expectRows(
  { source, previous }: Emptied,
  now: Fingerprint | undefined,
  databases: readonly string[],
): void {
  const before = previous?.fingerprint;
  if (before === undefined || now === undefined) return;
  for (const name of databases) {
    const prefix = databases.length === 1 ? '' : `${name}/`;
    if (countRows(before, prefix) > 0 && countRows(now, prefix) === 0)
      throw emptied(source, name, 'has no rows any more');
  }
}

function countRows({ tables }: Fingerprint, prefix: string): number {
  return tables.reduce((sum, { name, rows }) => sum + (name.startsWith(prefix) ? rows : 0), 0);
}

function emptied(source: string, database: string, what: string): SuretyError {
  return new SuretyError('source.empty', `${source}: database ${displayName(database)} ${what}`, {
    hint: 'check that it is the right server and that nothing made a new database in its place; a source of another name begins anew',
    details: { source, database },
  });
}

/** What the server has: databases, tables, rights. */
import { SuretyError } from '../../base/errors.ts';
import { compareNames, displayName } from '../../base/names.ts';
import { didYouMean, listed } from '../../base/nearest.ts';
import { text } from './quote.ts';
import type { Session } from './session.ts';

/** The server's own; `databases: all` leaves them out. */
export const SYSTEM_DATABASES: readonly string[] = ['information_schema', 'performance_schema', 'mysql', 'sys'];

export interface Database {
  readonly name: string;
  readonly charset: string;
  readonly collation: string;
}

export interface Table {
  readonly name: string;
  readonly kind: 'table' | 'view' | 'sequence';
  /** Empty for views. */
  readonly engine: string;
  /** Only MariaDB has these; a dump has no history. */
  readonly versioned: boolean;
}

/** Every database that this user sees, the server's own included, in byte order of their names. */
export async function listDatabases(session: Session): Promise<Database[]> {
  const rows = await session.query(
    'SELECT schema_name, default_character_set_name, default_collation_name FROM information_schema.schemata',
  );
  const all = rows.map(([name = '', charset = '', collation = '']) => ({ name, charset, collation }));
  return all.sort((left, right) => compareNames(left.name, right.name));
}

/** Those of these names. Throws `source.missing` for the first that is not there. */
export function chooseDatabases(
  source: string,
  there: readonly Database[],
  wanted: readonly string[] | 'all',
): readonly Database[] {
  const own = there.filter(({ name }) => !SYSTEM_DATABASES.includes(name.toLowerCase()));
  if (wanted === 'all') return own;
  return [...new Set(wanted)].sort(compareNames).map((name) => {
    const found = there.find((database) => database.name === name);
    if (found !== undefined) return found;
    const names = own.map((database) => displayName(database.name));
    const known = names.length === 0 ? 'this user sees no database' : `there are: ${listed(names.slice(0, 10), 'and')}`;
    throw new SuretyError(
      'source.missing',
      `${source}: there is no database ${displayName(name)} that this user may see`,
      {
        hint: didYouMean(name, names) ?? known,
        details: { source, database: name },
      },
    );
  });
}

/** Tables, views and sequences of one database, in byte order. */
export async function listTables(session: Session, database: string): Promise<Table[]> {
  const rows = await session.query(
    `SELECT table_schema, table_name, table_type, IFNULL(engine, '') FROM information_schema.tables WHERE table_schema = ${text(database)}`,
  );
  const own = rows.filter(([schema]) => schema === database);
  const tables = own.map(([, name = '', type = '', engine = '']): Table => {
    const kind = type.includes('VIEW') ? 'view' : type === 'SEQUENCE' ? 'sequence' : 'table';
    return { name, kind, engine, versioned: type === 'SYSTEM VERSIONED' };
  });
  return tables.sort((left, right) => compareNames(left.name, right.name));
}

/** Engines whose tables are part of a transaction's consistent view, and those that hold no data of their own. */
const TRANSACTIONAL = /^(innodb|rocksdb|tokudb|ndbcluster|)$/i;

export function isTransactional({ kind, engine }: Table): boolean {
  return kind !== 'table' || TRANSACTIONAL.test(engine);
}

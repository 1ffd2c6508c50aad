import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { Fingerprint, ReadHow, SourceFacts } from '../source.ts';
import type { DatabaseFacts } from './describe-database.ts';
import type { DumpFormat } from './options.ts';

/** What is remembered about a PostgreSQL server besides what every source remembers. */
export interface PostgresFacts extends SourceFacts {
  readonly postgres: {
    readonly format: DumpFormat;
    readonly databases: readonly DatabaseFacts[];
    /** Whether names in the fingerprint have their database in front. */
    readonly prefixed: boolean;
    /** Whether the dump leaves owners out. */
    readonly ownerless: boolean;
  };
}

/** What a snapshot says about itself, when it is one of PostgreSQL. */
export function postgresFacts(facts: SourceFacts | undefined): PostgresFacts['postgres'] | undefined {
  return facts?.kind === 'postgres' ? (facts as Partial<PostgresFacts>).postgres : undefined;
}

/** What stands in front of a table's name in a fingerprint of several databases: another one for each, also for `a/b` and `a%2Fb`. */
export function prefixOf(database: string, prefixed: boolean): string {
  return prefixed ? `${database.replaceAll('%', '%25').replaceAll('/', '%2F')}/` : '';
}

/** The part of a fingerprint that is about one database. */
export function fingerprintOf(fingerprint: Fingerprint, prefix: string): Fingerprint {
  const { algorithm, tables, objects = [] } = fingerprint;
  const own = <Named extends { readonly name: string }>(all: readonly Named[]) =>
    all.filter(({ name }) => name.startsWith(prefix)).map((one) => ({ ...one, name: one.name.slice(prefix.length) }));
  // Roles are of the server, not of a database.
  return { algorithm, tables: own(tables), objects: own(objects.filter(({ kind }) => kind !== 'role')) };
}

const SHARP_SHRINK = 0.5;
/** Below this many rows, a half is nothing to speak of. */
const FEW_ROWS = 100;

/**
 * Compares with the newest snapshot. A database that had rows and has none fails with `source.empty`; one that lost more than half of its
 * rows, or that is gone from a server that is backed up whole, is warned about.
 */
export function expectNotShrunk(
  source: string,
  now: PostgresFacts,
  { previous, warn }: Pick<ReadHow, 'previous' | 'warn'>,
): void {
  const before = postgresFacts(previous);
  if (before === undefined || previous?.fingerprint === undefined || now.fingerprint === undefined) return;
  for (const { name, entry } of before.databases) {
    const rowsBefore = rowsOf(previous.fingerprint, prefixOf(name, before.prefixed));
    if (!now.postgres.databases.some((database) => database.name === name)) {
      warn({ code: 'source.shrunk', path: entry, message: `database ${displayName(name)} is not there any more` });
      continue;
    }
    const rows = rowsOf(now.fingerprint, prefixOf(name, now.postgres.prefixed));
    if (rowsBefore > 0 && rows === 0) throw emptied(source, name, rowsBefore);
    if (rowsBefore < FEW_ROWS || rows >= rowsBefore * SHARP_SHRINK) continue;
    const message = `database ${displayName(name)} has ${rows} rows; it had ${rowsBefore} in the snapshot before`;
    warn({ code: 'source.shrunk', path: entry, message });
  }
}

function rowsOf({ tables }: Fingerprint, prefix: string): number {
  return tables.reduce((sum, { name, rows }) => (name.startsWith(prefix) ? sum + rows : sum), 0);
}

function emptied(source: string, database: string, rowsBefore: number): SuretyError {
  return new SuretyError('source.empty', `database ${displayName(database)} of ${source} has no rows any more`, {
    hint: 'check that nothing made a new database in its place; if it is meant to be empty, back it up under another source name',
    details: { source, database, rowsBefore },
  });
}

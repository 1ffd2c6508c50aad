import { SuretyError } from '../../base/errors.ts';
import type { Fingerprint, SourceFacts } from '../source.ts';
import { COUNTS_ALGORITHM, FULL_ALGORITHM } from './fingerprint.ts';
import type { About } from './sqlite-error.ts';

/** What is remembered about a SQLite database besides what every source remembers. */
export interface SqliteFacts extends SourceFacts {
  readonly sqlite: {
    /** Part of the file, so a restored database is in the same mode. */
    readonly journalMode: 'wal' | 'rollback';
    readonly foreignKeyViolations: number;
    /** Of the stored bytes, in hex. */
    readonly sha256: string;
  };
}

/** What is odd about the database without being damage. */
export function notesOn(foreignKeyViolations: number): Pick<SourceFacts, 'notes'> {
  if (foreignKeyViolations === 0) return {};
  const rows = foreignKeyViolations === 1 ? '1 row refers' : `${foreignKeyViolations} rows refer`;
  return { notes: [`${rows} to rows that are not there (foreign keys)`] };
}

/** The fingerprint recorded before, when it was of the very same bytes: reading every row again could only say the same. */
export function knownFingerprint(
  previous: SourceFacts | undefined,
  sha256: string,
  level: 'full' | 'counts',
): Fingerprint | undefined {
  const before = (previous as Partial<SqliteFacts> | undefined)?.sqlite?.sha256;
  const algorithm = level === 'full' ? FULL_ALGORITHM : COUNTS_ALGORITHM;
  return before === sha256 && previous?.fingerprint?.algorithm === algorithm ? previous.fingerprint : undefined;
}

/** An application that does not find its database often makes a new, empty one: that must not look like a good backup. */
export function expectNotEmptied(about: About, before: Fingerprint | undefined, now: Fingerprint | undefined): void {
  if (before === undefined || now === undefined || countRows(before) === 0 || countRows(now) > 0) return;
  throw new SuretyError('source.empty', `database ${about.source} (${about.path}) has no rows any more`, {
    hint: 'check that its file system is mounted and that nothing made a new database in its place',
    details: { source: about.source, path: about.path, rowsBefore: countRows(before) },
  });
}

function countRows(fingerprint: Fingerprint): number {
  const own = fingerprint.tables.filter((table) => !table.name.startsWith('sqlite_'));
  return own.reduce((sum, table) => sum + table.rows, 0);
}

import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { fillScript } from './empty-database.ts';
import { scriptOf } from './fill-database.ts';
import { prove } from './prove.ts';
import { type Restore, runScript } from './restore-context.ts';
import { takeSafetyDump } from './safety-dump.ts';
import type { DatabasePart } from './snapshot-parts.ts';

/**
 * Empties the database and reads the dump into it, as one transaction: what goes wrong leaves it as it was. Before that, it is dumped
 * to a file of this machine.
 */
export async function restoreInPlace(restore: Restore, part: DatabasePart, database: string): Promise<void> {
  const { present, server, tally } = restore;
  if (!present.databases.has(database)) throw nothingInPlace(database);
  const path = await takeSafetyDump(restore, database);
  tally.notes.push(`database ${displayName(database)} as it was before is in ${path}; read it back with pg_restore`);
  const script = fillScript(scriptOf(restore, part), present.facts.number, server.options.lock_timeout);
  const doing = `restore of database ${displayName(database)} in place`;
  try {
    await runScript(restore, script, { database, doing, singleTransaction: true });
  } catch (error) {
    throw withSafetyDump(error, path);
  }
  await prove(restore, part, database, `what was there before is in ${path}; read it back with pg_restore`);
}

export function nothingInPlace(database: string): SuretyError {
  return new SuretyError('target.failed', `there is no database ${displayName(database)} to restore in place`, {
    hint: 'leave out --in-place: a new database is made',
    details: { database },
  });
}

/** Large objects are committed on their own, so it is not for certain that everything was undone. */
export function withSafetyDump(error: unknown, path: string): unknown {
  if (!(error instanceof SuretyError)) return error;
  const { code, message, hint, retry, details, cause } = error;
  const kept = `what was there before is also in ${path}`;
  return new SuretyError(code, message, {
    hint: hint === undefined ? kept : `${hint}; ${kept}`,
    retry,
    details,
    cause,
  });
}

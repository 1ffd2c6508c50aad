import { SuretyError } from '../../../base/errors.ts';
import type { FarDatabase } from './database.ts';

/** The programs of a host that know SQLite; at least one is there. */
export interface FarTools {
  /** The shell `sqlite3`, which copies and checks; undefined: `python3` does that. */
  readonly sqlite3: string | undefined;
  /** The version of SQLite in `python3`, which reads fingerprints there; undefined: the rows are sent here. */
  readonly python: string | undefined;
  /** Whether what is sent can be compressed. */
  readonly gzip: boolean;
}

/** The first in which everything that is asked of it is there: pragmas as tables. */
const OLDEST = [3, 16] as const;

/** Throws `source.tool-missing` or `source.tool-too-old`. */
export function chooseTools(
  { source, reach }: FarDatabase,
  found: { readonly sqlite3: string | undefined; readonly python: string | undefined },
  gzip: string,
): FarTools {
  const [sqlite3, python] = [newEnough(found.sqlite3), newEnough(found.python)];
  if (sqlite3 !== undefined || python !== undefined) return { sqlite3, python, gzip: gzip === 'yes' };
  const { host } = reach.traits;
  const version = found.sqlite3 ?? found.python;
  const hint = `install sqlite3 (package sqlite3 on Debian) on ${host}, or python3`;
  if (version === undefined) {
    throw new SuretyError('source.tool-missing', `database ${source}: neither sqlite3 nor python3 is on host ${host}`, {
      hint,
      details: { source, host },
    });
  }
  const message = `database ${source}: sqlite3 on host ${host} is version ${version}, and ${OLDEST.join('.')} is needed`;
  throw new SuretyError('source.tool-too-old', message, { hint, details: { source, host, program: version } });
}

function newEnough(version: string | undefined): string | undefined {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]) ? version : undefined;
}

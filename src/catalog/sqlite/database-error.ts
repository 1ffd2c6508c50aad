import { messageOf, SuretyError } from '../../base/errors.ts';

const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const CONSTRAINT_FOREIGNKEY = 787;
const NOTADB = 26;

/** SQLite's extended result code of an error, or undefined when it is not one of SQLite's. */
function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** Whether the file itself is at fault. */
export function isDamage(error: unknown): boolean {
  const code = (resultCode(error) ?? 0) & 0xff;
  return code === CORRUPT || code === NOTADB;
}

/** Translates an error of `node:sqlite` into one of the port's; others are returned as they are. */
export function toCatalogError(error: unknown, location: string): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  const details = { catalog: location };
  if (code === CONSTRAINT_FOREIGNKEY) {
    return new SuretyError('catalog.unknown-run', 'run is not in the catalog', { cause: error, details });
  }
  switch (code & 0xff) {
    case BUSY:
    case LOCKED:
      return new SuretyError('catalog.busy', `catalog ${location} is in use by another process`, {
        cause: error,
        retry: 'later',
        details,
      });
    case CORRUPT:
    case NOTADB:
      return new SuretyError('catalog.damaged', `catalog ${location} is damaged`, {
        hint: 'run `surety catalog rebuild`: it moves the damaged file aside and reads the repositories',
        cause: error,
        details,
      });
    case FULL:
      return new SuretyError('catalog.full', `no space left for the catalog ${location}`, { cause: error, details });
    case READONLY:
    case CANTOPEN:
      return new SuretyError('catalog.denied', `can not write the catalog ${location}`, {
        hint: 'check who owns the file and its folder',
        cause: error,
        details,
      });
    default:
      return new SuretyError('catalog.failed', `catalog ${location} failed: ${messageOf(error)}`, {
        cause: error,
        details,
      });
  }
}

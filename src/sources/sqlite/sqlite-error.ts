import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';

const CODES = { perm: 3, busy: 5, locked: 6, readonly: 8, ioerr: 10, corrupt: 11, full: 13, cantopen: 14, notadb: 26 };

/** Which database an error is about: its source's name and its file. */
export interface About {
  readonly source: string;
  readonly path: string;
}

/** SQLite's primary result code of an error of `node:sqlite`; undefined for other errors. */
export function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}

export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  // A backup step that finds the database locked fails with code 0, "not an error".
  return code === CODES.busy || code === CODES.locked || code === 0;
}

export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === CODES.corrupt || code === CODES.notadb;
}

/** Whether the error says that what was opened read-only must be written to be readable. */
export function needsWriting(error: unknown): boolean {
  const code = resultCode(error);
  return code === CODES.readonly || code === CODES.cantopen;
}

/** Translates what went wrong while reading the database or writing its copy. */
export function toSourceError(error: unknown, about: About): SuretyError {
  if (error instanceof SuretyError) return error;
  if (isBusy(error)) return lockedError(about, error);
  const database = `database ${about.source} (${about.path})`;
  const details = { source: about.source, path: about.path };
  const facts = { cause: error, details };
  const code = resultCode(error);
  const system = systemCode(error);
  if (code === CODES.notadb) return notADatabase(about);
  if (code === CODES.corrupt) return corruptError(about, [messageOf(error)]);
  if (code === CODES.full || system === 'ENOSPC') {
    const hint = 'make space, or set TMPDIR to a folder with as much free space as the database has bytes';
    return new SuretyError('source.failed', `no space left for a copy of ${database}`, { ...facts, hint });
  }
  if (system === 'ENOENT' || system === 'ENOTDIR') return missingError(about, error);
  if (code === CODES.perm || code === CODES.readonly || code === CODES.cantopen || system === 'EACCES') {
    const hint = 'reading needs the file and, in WAL mode, also its -wal and -shm files and the right to create them';
    return new SuretyError('source.unreadable', `can not open ${database}: ${messageOf(error)}`, { ...facts, hint });
  }
  return new SuretyError('source.failed', `reading ${database} failed: ${messageOf(error)}`, facts);
}

function missingError(about: About, cause?: unknown): SuretyError {
  return new SuretyError('source.missing', `database ${about.source} (${about.path}) does not exist`, {
    hint: 'check the path, and that its file system is mounted',
    cause,
    details: { source: about.source, path: about.path },
  });
}

function lockedError(about: About, cause?: unknown): SuretyError {
  return new SuretyError('source.locked', `database ${about.source} (${about.path}) is locked by another process`, {
    hint: 'find the process that holds a long transaction, or raise busy_timeout',
    cause,
    retry: 'later',
    details: { source: about.source, path: about.path },
  });
}

export function notADatabase(about: About): SuretyError {
  return new SuretyError('source.corrupt', `${about.path} of ${about.source} is not a SQLite database`, {
    hint: 'it is damaged or encrypted: an encrypted database can be backed up as a file while nothing uses it',
    details: { source: about.source, path: about.path },
  });
}

/** `findings` are lines of `PRAGMA integrity_check`; the first few are shown. */
export function corruptError(about: About, findings: readonly string[]): SuretyError {
  const shown = findings.slice(0, 3).join('; ');
  const more = findings.length > 3 ? `; and ${findings.length - 3} more` : '';
  return new SuretyError('source.corrupt', `database ${about.source} (${about.path}) is damaged: ${shown}${more}`, {
    hint: 'restore the newest snapshot, or save what is readable with `sqlite3 FILE .recover`',
    details: { source: about.source, path: about.path, findings: findings.length },
  });
}

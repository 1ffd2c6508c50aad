/** Keeps two runs of the same job on one machine from overlapping. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SuretyError } from '../base/errors.ts';
import { makeFolders } from '../base/folders.ts';

/** A lock that nobody refers to any more would end whenever memory is collected. */
const taken = new Set<DatabaseSync>();

/**
 * Takes the lock until it is disposed of, or throws `run.busy`: at once, or after waiting for `waitMs`. The lock is one of the operating system (that of a
 * SQLite transaction), so it ends with its process, however that ends: there are no stale ones. Throws the system's
 * error where the folder can not be written.
 */
export function lockRun(folder: string, name: string, waitMs = 0): Disposable {
  makeFolders(folder, 0o700);
  const database = new DatabaseSync(join(folder, `${name}.lock`));
  try {
    database.exec(`PRAGMA busy_timeout = ${waitMs}; BEGIN EXCLUSIVE`);
  } catch (error) {
    database.close();
    throw isBusy(error) ? busy(name) : error;
  }
  taken.add(database);
  return {
    [Symbol.dispose]() {
      taken.delete(database);
      if (database.isOpen) database.close();
    },
  };
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && Number(error.errcode) % 256 === SQLITE_BUSY;
}

function busy(name: string): SuretyError {
  return new SuretyError('run.busy', `another run of ${name} is under way on this machine`, {
    hint: 'wait for it to end',
    retry: 'later',
  });
}

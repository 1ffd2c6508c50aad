import { closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Clock, utcStamp } from '../../base/clock.ts';
import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import { makeFolders } from '../../base/folders.ts';
import { isDamage } from './database-error.ts';
import { migrate } from './migrate.ts';

const BUSY_TIMEOUT_MS = 10_000;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  readonly notices: readonly string[];
}

/**
 * Opens the catalog's database, ready to use; a new one when there is none. A damaged file is moved aside as
 * `<path>.damaged-<UTC time>` with its companions, a new one is begun, and `notices` says so.
 */
export function openDatabase(path: string, clock: Clock): OpenedDatabase {
  createFile(path);
  const inode = statSync(path, { bigint: true }).ino;
  try {
    return { database: connect(path), notices: [] };
  } catch (error) {
    if (!isDamage(error) && !(error instanceof DamageError)) throw error;
    const notice = moveAside(path, inode, clock, messageOf(error));
    createFile(path);
    return { database: connect(path), notices: notice === undefined ? [] : [notice] };
  }
}

/** The history is nobody else's business: folder 0700, file 0600. */
function createFile(path: string): void {
  try {
    makeFolders(dirname(path), 0o700);
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    const code = systemCode(error) === 'ENOSPC' ? 'catalog.full' : 'catalog.denied';
    throw new SuretyError(code, `can not open the catalog ${path}: ${messageOf(error)}`, {
      hint: 'check that the folder exists, who owns it and that it has space',
      cause: error,
      details: { catalog: path },
    });
  }
}

class DamageError extends Error {}

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  try {
    useWriteAheadLog(database);
    database.exec('PRAGMA synchronous = FULL');
    const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (found !== 'ok') throw new DamageError(String(found));
    migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Where the log can not be had (some network file systems) SQLite keeps its other mode, which is as safe. */
function useWriteAheadLog(database: DatabaseSync): void {
  if (database.prepare('PRAGMA journal_mode').get()?.journal_mode === 'wal') return;
  database.exec('PRAGMA journal_mode = WAL');
}

/** Returns undefined when another process has already replaced the damaged file. */
function moveAside(path: string, inode: bigint, clock: Clock, reason: string): string | undefined {
  if (statSync(path, { bigint: true, throwIfNoEntry: false })?.ino !== inode) return undefined;
  const aside = `${path}.damaged-${utcStamp(clock.now())}`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  const cause = reason.trim().split('\n').at(-1);
  return `the catalog was damaged (${cause}); it is kept as ${aside}; its history is lost, run \`surety catalog rebuild\` to list the snapshots again`;
}

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import type { Cancelled } from './fingerprint.ts';
import { type About, isBusy, needsWriting, notADatabase } from './sqlite-error.ts';

/** Pages copied between two looks at whether to stop, and of a shared database between two chances for writers. */
const PAGES_PER_STEP = 1024;
/** In rollback mode a copy in one go keeps writers waiting; up to this size that is no longer than a transaction. */
const ONE_GO_BYTES = 64 * 2 ** 20;
/** How often a stepwise copy may begin again because of a writer before it is made in one go. */
const RESTARTS_MAX = 3;

export interface CopyHow {
  readonly about: About;
  /** The database on this host. */
  readonly path: string;
  /** Where the copy goes; nothing is there. */
  readonly copyPath: string;
  readonly busyTimeoutMs: number;
  readonly cancelled: Cancelled;
}

export type JournalMode = 'wal' | 'rollback';

/**
 * Copies the committed state of one moment into one file that needs no companion, page by page, while others may
 * write. The same state gives the same bytes, and the file says which journal mode the database is in.
 *
 * In WAL mode readers and writers do not disturb each other: one read transaction spans the copy. In rollback mode a reader
 * keeps writers out: a large database is copied in steps, between which they get their turn and after which SQLite
 * begins again if they used it; when that never ends, it is copied in one go.
 */
export async function copyDatabase(how: CopyHow): Promise<JournalMode> {
  const header = readHeader(how);
  using database = openForReading(how, header.journalMode);
  const inOneGo = header.journalMode === 'wal' || header.sizeBytes <= ONE_GO_BYTES;
  if (inOneGo || !(await copyInSteps(database, how))) await copyInOneGo(database, how);
  return header.journalMode;
}

interface Header {
  readonly journalMode: JournalMode;
  readonly sizeBytes: number;
}

/** Looks at the file before SQLite does: SQLite takes an empty file for an empty database. */
function readHeader({ path, about }: CopyHow): Header {
  const bytes = Buffer.alloc(100);
  const file = openSync(path, 'r');
  try {
    const length = readSync(file, bytes, 0, bytes.length, 0);
    if (length < bytes.length || bytes.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw notADatabase(about);
  } finally {
    closeSync(file);
  }
  const pageBytes = bytes.readUInt16BE(16) === 1 ? 65_536 : bytes.readUInt16BE(16);
  return { journalMode: bytes[18] === 2 ? 'wal' : 'rollback', sizeBytes: bytes.readUInt32BE(28) * pageBytes };
}

/**
 * Opens read-only, so that nothing of the database changes, where that leaves no trace: a read-only connection to an idle
 * WAL database would leave its -wal and -shm behind. A crashed writer's journal can only be used by a connection that may write.
 */
function openForReading(how: CopyHow, journalMode: JournalMode): DatabaseSync {
  const idle = !existsSync(`${how.path}-wal`);
  const hot = existsSync(`${how.path}-journal`);
  const first = journalMode === 'wal' ? !idle : !hot;
  try {
    return connect(how, first);
  } catch (error) {
    if (!needsWriting(error)) throw error;
    return connect(how, !first);
  }
}

function connect({ path, busyTimeoutMs }: CopyHow, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs });
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The backup uses the connection's read transaction, so no writer can change what it reads. */
async function copyInOneGo(database: DatabaseSync, how: CopyHow): Promise<void> {
  database.exec('BEGIN');
  database.prepare('SELECT count(*) FROM sqlite_schema').get();
  await backup(database, how.copyPath, {
    rate: PAGES_PER_STEP,
    progress: () => stopWhen(how.cancelled),
  });
  database.exec('COMMIT');
}

/** Returns false when writers never leave enough time; the unfinished copy is overwritten by the next attempt. */
async function copyInSteps(database: DatabaseSync, how: CopyHow): Promise<boolean> {
  let restarts = 0;
  let lowest = Number.POSITIVE_INFINITY;
  const gaveUp = new Error('a writer came between too often');
  const progress = ({ remainingPages }: { remainingPages: number }): void => {
    stopWhen(how.cancelled);
    // Pages left that do not become fewer: SQLite began again, or waited its whole time for a lock.
    if (remainingPages >= lowest) restarts += 1;
    if (restarts > RESTARTS_MAX) throw gaveUp;
    lowest = remainingPages;
  };
  try {
    await backup(database, how.copyPath, { rate: PAGES_PER_STEP, progress });
    return true;
  } catch (error) {
    if (error === gaveUp || isBusy(error)) return false;
    throw error;
  }
}

function stopWhen(cancelled: Cancelled): void {
  if (cancelled()) throw new DOMException('stopped while copying', 'AbortError');
}

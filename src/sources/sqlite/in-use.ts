/** Who has a database open. Used before it is replaced: a program with the old file open would go on writing to it, unseen. */
import { type BigIntStats, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SuretyError } from '../../base/errors.ts';
import { COMPANIONS } from './place.ts';
import { type About, isBusy } from './sqlite-error.ts';

/**
 * Throws `source.locked` when another process has the database or one of its companions open. Sees the processes that
 * this one may look into (all of them as root), and any process that holds a lock, also in another container.
 */
export function expectUnused(about: About, path: string): void {
  const users = [...findUsers([path, ...COMPANIONS.map((suffix) => path + suffix)])];
  if (users.length > 0) throw inUse(about, ` by ${users.slice(0, 3).join(', ')}`);
}

/**
 * Asks SQLite for a lock that excludes every other connection, readers too. Opening rolls back a journal that a crash has left, and
 * closing merges a -wal file. Undefined for a file that SQLite can not read: it is about to be replaced, which is no error. Throws
 * `source.locked`.
 */
export function holdExclusive(about: About, path: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 500 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; ROLLBACK');
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) throw inUse(about, '', error);
    return undefined;
  }
}

/** The same for a moment. Returns whether SQLite can read the file. */
export function expectUnlocked(about: About, path: string): boolean {
  using database = holdExclusive(about, path);
  return database !== undefined;
}

function inUse(about: About, by: string, cause?: unknown): SuretyError {
  return new SuretyError('source.locked', `database ${about.source} (${about.path}) is in use${by}`, {
    hint: 'stop what uses it and restore again, or restore to another place with --target',
    cause,
    details: { source: about.source, path: about.path },
  });
}

function findUsers(paths: readonly string[]): Set<string> {
  const files = paths.flatMap((path) => statSync(path, { bigint: true, throwIfNoEntry: false }) ?? []);
  const users = new Set<string>();
  if (files.length === 0 || !existsSync('/proc/self/fd')) return users;
  const wanted = new Set(files.map(fileKey));
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name) && Number(name) !== process.pid && hasOpen(name, wanted)) users.add(describe(name));
  }
  for (const processId of lockHolders(files)) users.add(describe(processId));
  return users;
}

function fileKey(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

function hasOpen(processId: string, wanted: ReadonlySet<string>): boolean {
  const folder = `/proc/${processId}/fd`;
  for (const name of namesIn(folder)) {
    try {
      if (wanted.has(fileKey(statSync(`${folder}/${name}`, { bigint: true })))) return true;
    } catch {
      // Closed in the meantime.
    }
  }
  return false;
}

/** Empty for a process that ended or that this one may not look into. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Ids of other processes with a lock on one of the files: `1: POSIX ADVISORY WRITE 11767 fe:00:2155011 0 EOF`. */
function lockHolders(files: readonly BigIntStats[]): string[] {
  const wanted = new Set(files.map(({ dev, ino }) => `${hex(major(dev))}:${hex(minor(dev))}:${ino}`));
  let table: string;
  try {
    table = readFileSync('/proc/locks', 'latin1');
  } catch {
    return [];
  }
  const found = [...table.matchAll(/ (\d+) ([0-9a-f]+:[0-9a-f]+:\d+) /g)];
  return found.filter(([, id, file]) => wanted.has(file!) && Number(id) !== process.pid).map(([, id]) => id!);
}

function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
}

function minor(device: bigint): bigint {
  return (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
}

function hex(number: bigint): string {
  return number.toString(16).padStart(2, '0');
}

/** The program's name without its arguments, which may hold secrets. */
function describe(processId: string): string {
  try {
    const [program = ''] = readFileSync(`/proc/${processId}/cmdline`, 'utf8').split('\0');
    return program === '' ? `process ${processId}` : `${basename(program)} (process ${processId})`;
  } catch {
    return `process ${processId}`;
  }
}

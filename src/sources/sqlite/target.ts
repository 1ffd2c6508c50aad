import { existsSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SuretyError } from '../../base/errors.ts';
import { makeFolders } from '../../base/folders.ts';
import { displayName } from '../../base/names.ts';
import type { RestoredEntry, WriteHow } from '../source.ts';
import type { Place } from './place.ts';
import { escapes, toTargetError } from './target-error.ts';

/** Where the entries of one restore go. */
export interface Target {
  /** The path of an entry. Throws `target.escapes` for names that lead elsewhere, and for links on the way. */
  locate(entry: RestoredEntry): string;
}

/**
 * The original place, where the host's own links are followed, or the directory that was asked for (made when it is missing),
 * where none are. Throws `target.not-empty`, `target.denied` or `target.failed`.
 */
export function openTarget(source: string, place: Place, how: WriteHow): Target {
  if (how.target === undefined) return { locate: (entry) => locateOriginal(source, place, entry) };
  const { target } = how;
  if (existsSync(target)) expectUsable(target, how);
  else if (!how.dryRun) makeFolder(target);
  return { locate: (entry) => locateBelow(target, entry) };
}

function locateOriginal(source: string, place: Place, entry: RestoredEntry): string {
  checkNames(entry.path);
  if (entry.path !== place.entryPath && !place.entryPath.startsWith(`${entry.path}/`)) {
    const message = `the snapshot has ${displayName(entry.path)}, source ${source} is now ${place.shown}`;
    throw new SuretyError('target.failed', message, { hint: 'restore it with --target' });
  }
  const path = join(place.base, entry.path);
  return entry.type === 'file' && existsSync(path) ? realpathSync(path) : path;
}

function locateBelow(target: string, entry: RestoredEntry): string {
  checkNames(entry.path);
  let path = target;
  for (const name of entry.path.split('/')) {
    path = join(path, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw escapes(path, 'is a symbolic link');
  }
  return path;
}

function checkNames(entryPath: string): void {
  const harmless = (name: string) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0');
  if (!entryPath.split('/').every(harmless)) throw escapes(entryPath, 'is an impossible path');
}

function expectUsable(target: string, how: WriteHow): void {
  const details = { path: target };
  if (!statSync(target).isDirectory()) {
    throw new SuretyError('target.failed', `the target ${target} is not a directory`, { details });
  }
  if (how.conflict === 'refuse' && readdirSync(target).some((name) => name !== 'lost+found')) {
    throw new SuretyError('target.not-empty', `the target ${target} is not empty`, {
      hint: 'name a new directory, or say with --conflict what to do with existing files: skip, overwrite or newer',
      details,
    });
  }
}

function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (error) {
    throw toTargetError(error, path);
  }
}

export type Action = 'create' | 'overwrite' | 'skip';

/** What to do about a database file that may be there already. Throws `target.exists`. */
export function decide(entry: RestoredEntry, path: string, conflict: WriteHow['conflict']): Action {
  const existing = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (existing === undefined) return 'create';
  if (conflict === 'skip' && existing.isFile()) return 'skip';
  if (conflict === 'refuse' || !existing.isFile()) {
    throw new SuretyError('target.exists', `${path} ${existing.isFile() ? 'exists' : 'is not a file'}`, {
      hint: 'restore to an empty target, or say what to do with an existing database: skip, overwrite or newer',
      details: { path },
    });
  }
  // In WAL mode the newest contents are beside the file.
  const log = statSync(`${path}-wal`, { bigint: true, throwIfNoEntry: false });
  const changedNs = log !== undefined && log.mtimeNs > existing.mtimeNs ? log.mtimeNs : existing.mtimeNs;
  // Its time says little about a database, so `changed` replaces it as well.
  return conflict === 'overwrite' || conflict === 'changed' || entry.mtimeNs > changedNs ? 'overwrite' : 'skip';
}

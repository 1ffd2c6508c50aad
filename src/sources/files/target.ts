import fs from 'node:fs';
import { hasCode, SuretyError, systemCode } from '../../base/errors.ts';
import { makeFolders } from '../../base/folders.ts';
import { displayName, systemPath } from '../../base/names.ts';
import type { WriteHow } from '../source.ts';
import { reasonOf } from './check.ts';
import { look, lookThrough } from './entry.ts';
import { join, type Roots } from './roots.ts';

/** Where a restore goes. */
export interface Target {
  /** True when nothing is there yet, so that nothing can be in the way. */
  readonly empty: boolean;
  /** The directory that everything goes below. */
  readonly base: string;
  /** The place of an entry. Throws `target.escapes` for names that could lead elsewhere. */
  locate(entryPath: string): string;
  /** Whether an entry is a directory above what is restored, of which nothing is to be changed if it exists. */
  isAbove(entryPath: string): boolean;
  /** Whether a link at the place of this entry is followed. */
  follows(entryPath: string): boolean;
  /**
   * What a directory's place holds now. A link counts as `blocked` even when it points to a directory: the content of
   * a snapshot must not go where somebody's link leads. Only on the way to a source's own roots, when it is restored
   * to its original place, are links followed, as they were for the backup.
   */
  stateOf(entryPath: string, path: string): 'absent' | 'directory' | 'blocked';
}

/** Throws `target.escapes` unless every name is one that a directory can hold. */
export function checkNames(entryPath: string): void {
  const harmless = (name: string) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0');
  if (entryPath.split('/').every(harmless)) return;
  throw new SuretyError('target.escapes', `the snapshot contains the impossible path "${displayName(entryPath)}"`, {
    hint: 'this entry is not restored: it could end up outside of the target',
    details: { path: displayName(entryPath) },
  });
}

/**
 * The target of a restore, made if it is missing (not in a dry run). Throws `target.not-empty`, `target.denied`,
 * `target.full` or `target.failed`.
 */
export function openTarget(source: string, roots: Roots, how: WriteHow): Target {
  if (how.target === undefined) return originalPlace(source, roots);
  const missing = lookThrough(how.target) === undefined;
  if (missing && !how.dryRun) makeTarget(how.target);
  const base = missing && how.dryRun ? how.target : fs.realpathSync(how.target);
  const empty = missing || checkTarget(base, how);
  return {
    empty,
    base,
    locate: (entryPath) => {
      checkNames(entryPath);
      return join(base, entryPath);
    },
    isAbove: () => false,
    follows: () => false,
    stateOf: (_entryPath, path) => directoryState(path, false),
  };
}

function originalPlace(source: string, roots: Roots): Target {
  return {
    empty: false,
    base: roots.locate('') ?? '/',
    locate: (entryPath) => {
      checkNames(entryPath);
      const path = roots.locate(entryPath);
      if (path === undefined) throw unplaced(source, entryPath);
      return path;
    },
    isAbove: (entryPath) => roots.standing(entryPath) === 'above',
    follows: (entryPath) => roots.standing(entryPath) !== 'other',
    stateOf: (entryPath, path) => directoryState(path, roots.standing(entryPath) !== 'other'),
  };
}

export function unplaced(source: string, entryPath: string): SuretyError {
  return new SuretyError(
    'target.failed',
    `"${displayName(entryPath)}" belongs to none of the paths that source ${source} has now`,
    { hint: 'restore it with --target', details: { source, path: displayName(entryPath) } },
  );
}

function directoryState(path: string, followed: boolean): 'absent' | 'directory' | 'blocked' {
  const stats = followed ? lookThrough(path) : look(path);
  if (stats !== undefined) return stats.isDirectory() ? 'directory' : 'blocked';
  return followed && look(path) !== undefined ? 'blocked' : 'absent';
}

/** The error for a directory that can not be restored into. */
export function inTheWay(path: string): SuretyError {
  return folderInTheWay(path, fs.lstatSync(systemPath(path), { throwIfNoEntry: false })?.isSymbolicLink() === true);
}

export function folderInTheWay(path: string, isLink: boolean): SuretyError {
  const what = isLink ? 'a link' : 'a file';
  const message = `${displayName(path)} and all in it are not restored: ${what} is in the way of the directory`;
  return new SuretyError(what === 'a link' ? 'target.escapes' : 'target.exists', message, {
    hint: 'remove it, or restore to another target',
  });
}

function makeTarget(target: string): void {
  try {
    makeFolders(target);
  } catch (error) {
    if (systemCode(error) === 'EACCES') throw denied(target, error);
    throw wholeFailure(error, target) ?? failed(target, reasonOf(error), error);
  }
}

/** Returns whether it is empty. */
function checkTarget(base: string, how: WriteHow): boolean {
  let names: string[];
  try {
    names = fs.readdirSync(base);
    if (!how.dryRun) fs.accessSync(base, fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') throw failed(base, 'it is not a directory', error);
    throw wholeFailure(error, base) ?? denied(base, error);
  }
  // A new file system comes with that directory.
  if (names.some((name) => name !== 'lost+found') && how.conflict === 'refuse') {
    throw new SuretyError('target.not-empty', `the target ${displayName(base)} is not empty`, {
      hint: 'name a new directory, or say with --conflict what to do with existing files: skip, overwrite or newer',
      details: { path: displayName(base) },
    });
  }
  return names.length === 0;
}

function failed(path: string, why: string, cause: unknown): SuretyError {
  const message = `can not restore to ${displayName(path)}: ${why}`;
  return new SuretyError('target.failed', message, { hint: 'name another target', cause });
}

function denied(path: string, cause: unknown): SuretyError {
  const message = `can not write to ${displayName(path)}: ${reasonOf(cause)}`;
  return new SuretyError('target.denied', message, { hint: 'run as a user who may write there', cause });
}

/** The error to end a restore with when one failure means that all the rest fails too; else undefined. */
export function wholeFailure(error: unknown, path: string): SuretyError | undefined {
  const nested = error instanceof Error ? error.cause : undefined;
  const codes = [systemCode(error), systemCode(nested)];
  const details = { path: displayName(path) };
  if (codes.includes('ENOSPC') || codes.includes('EDQUOT') || hasCode(error, 'target.full')) {
    const message = `no space left while restoring ${displayName(path)}`;
    return new SuretyError('target.full', message, {
      hint: 'free some space and restore again',
      cause: error,
      details,
    });
  }
  if (!codes.includes('EROFS')) return undefined;
  const message = `can not write ${displayName(path)}: the file system is read-only`;
  return new SuretyError('target.denied', message, {
    hint: 'mount it writable or name another target',
    cause: error,
    details,
  });
}

import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { RestoredEntry, WriteHow } from '../source.ts';
import { look } from './entry.ts';
import { isUnchanged } from './unchanged.ts';

export type Action = 'create' | 'overwrite' | 'skip' | 'unchanged';

/**
 * What to do about an entry where something may exist. Throws `target.exists` when the policy is to refuse, and when
 * a directory is in the way of something else: a whole tree is never replaced by one entry.
 */
export function decide(entry: RestoredEntry, path: string, conflict: WriteHow['conflict']): Action {
  const stats = look(path);
  if (stats === undefined) return 'create';
  const existing = { isDirectory: stats.isDirectory(), mtimeNs: stats.mtimeNs };
  return decideOn(entry, path, conflict, { ...existing, isUnchanged: () => isUnchanged(entry, path, stats) });
}

/** What is at a path. */
export interface Existing {
  readonly isDirectory: boolean;
  readonly mtimeNs: bigint;
  /** Whether it looks as the entry does. */
  isUnchanged(): boolean;
}

/** As {@link decide}, wherever that is. */
export function decideOn(
  entry: RestoredEntry,
  path: string,
  conflict: WriteHow['conflict'],
  existing: Existing,
): Action {
  if (conflict === 'refuse') throw inTheWay(path, 'exists');
  if (conflict === 'skip') return 'skip';
  if (existing.isDirectory && entry.type !== 'dir') throw inTheWay(path, 'is a directory');
  if (conflict === 'changed') return existing.isUnchanged() ? 'unchanged' : 'overwrite';
  return conflict === 'overwrite' || entry.mtimeNs > existing.mtimeNs ? 'overwrite' : 'skip';
}

function inTheWay(path: string, what: string): SuretyError {
  return new SuretyError('target.exists', `${displayName(path)} ${what}`, {
    hint: 'restore to an empty target, or say with --conflict what to do with existing files: skip, overwrite or newer',
    details: { path: displayName(path) },
  });
}

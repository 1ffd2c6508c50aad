import fs from 'node:fs';
import nodePath from 'node:path';
import { systemPath } from '../../base/names.ts';
import type { Entry } from '../source.ts';
import { unmounted } from './check.ts';
import { look } from './entry.ts';
import { isBelow, type Roots } from './roots.ts';

/** More are not remembered: a machine with so many mounts makes and removes them all the time. */
const REMEMBERED_MAX = 1000;

/** Notices which file systems are mounted below the roots, from the entries of a walk. */
export interface MountWatch {
  /** Entries in the order of the walk. */
  see(entries: readonly Entry[]): void;
  /** Entry paths of the mount points seen so far. */
  readonly seen: readonly string[];
}

export function watchMounts(roots: Roots): MountWatch {
  const seen: string[] = [];
  /** The directories from the top to the last one seen. */
  const above: Entry[] = [];
  return {
    seen,
    see(entries) {
      for (const entry of entries) {
        if (entry.type !== 'dir') continue;
        while (above.length > 0 && !isBelow(entry.path, above.at(-1)!.path)) above.pop();
        const parent = above.at(-1);
        above.push(entry);
        const isMount = parent !== undefined && parent.device !== entry.device;
        if (isMount && seen.length < REMEMBERED_MAX && roots.standing(entry.path) === 'other') seen.push(entry.path);
      }
    },
  };
}

/**
 * Throws `source.unmounted` for a directory that was a mount point in the last snapshot and is now an empty part of the file system around it: what
 * is missing in it was not deleted. One that is gone, or has content of its own now, was changed by somebody.
 */
export function checkNestedMounts(source: string, roots: Roots, before: readonly string[]): void {
  for (const entryPath of before) {
    const path = roots.locate(entryPath);
    if (path !== undefined && isEmptyRemains(path)) throw unmounted(source, path);
  }
}

function isEmptyRemains(path: string): boolean {
  const stats = look(path);
  if (stats?.isDirectory() !== true || look(nodePath.dirname(path))?.dev !== stats.dev) return false;
  return fs.readdirSync(systemPath(path)).length === 0;
}

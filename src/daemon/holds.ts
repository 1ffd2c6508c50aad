/**
 * Which snapshots this machine is restoring from: a file each, locked by the operating system as long as its process lives. So what a
 * killed restore leaves holds nothing.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../base/errors.ts';
import { randomHex } from '../base/ids.ts';
import { lockRun } from './run-lock.ts';

export interface Holds {
  /** Holds a snapshot until disposed of. Never throws: a restore matters more than what would hold it. */
  hold(repository: string, snapshot: string): Disposable;
  /** Ids of the snapshots of the repository that are held now, by any process of this machine. */
  held(repository: string): ReadonlySet<string>;
}

const SUFFIX = '.lock';

/** Holds in `folder`, which is made when something is held. */
export function openHolds(folder: string): Holds {
  return {
    hold(repository, snapshot) {
      const name = [repository, snapshot, randomHex(8)].map(encodeURIComponent).join(' ');
      try {
        const lock = lockStanding(folder, name);
        return {
          [Symbol.dispose]() {
            lock[Symbol.dispose]();
            remove(folder, name);
          },
        };
      } catch {
        return { [Symbol.dispose]() {} };
      }
    },
    held(repository) {
      const found = new Set<string>();
      for (const name of namesIn(folder)) {
        const [holder, snapshot] = name.split(' ').map(decodeURIComponent);
        if (holder === repository && snapshot !== undefined && isHeld(folder, name)) found.add(snapshot);
      }
      return found;
    },
  };
}

/** Whoever looks at it keeps the lock for some microseconds. */
const PATIENCE_MS = 5000;

const ATTEMPTS = 100;

/** The lock of a file that is there. One that somebody saw before it was locked was taken for a left one, and removed: then it is made again. */
function lockStanding(folder: string, name: string): Disposable {
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt >= ATTEMPTS;
    const lock = lockOrUndefined(folder, name, isLast);
    if (lock !== undefined && (isLast || existsSync(fileOf(folder, name)))) return lock;
    lock?.[Symbol.dispose]();
  }
}

/** SQLite refuses a file that was removed meanwhile. */
function lockOrUndefined(folder: string, name: string, isLast: boolean): Disposable | undefined {
  try {
    return lockRun(folder, name, PATIENCE_MS);
  } catch (error) {
    if (isLast || existsSync(fileOf(folder, name)) || !existsSync(folder)) throw error;
    return undefined;
  }
}

function isHeld(folder: string, name: string): boolean {
  try {
    using _ = lockRun(folder, name);
    remove(folder, name);
    return false;
  } catch (error) {
    return hasCode(error, 'run.busy');
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []));
  } catch {
    return [];
  }
}

function remove(folder: string, name: string): void {
  rmSync(fileOf(folder, name), { force: true });
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${name}${SUFFIX}`);
}

/**
 * Which snapshots this machine is restoring from: a file each, locked by the operating system as long as its process lives. So what a
 * killed restore leaves holds nothing.
 */
import { readdirSync, rmSync } from 'node:fs';
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
        const lock = lockRun(folder, name);
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

function isHeld(folder: string, name: string): boolean {
  try {
    lockRun(folder, name)[Symbol.dispose]();
  } catch (error) {
    return hasCode(error, 'run.busy');
  }
  remove(folder, name);
  return false;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []));
  } catch {
    return [];
  }
}

function remove(folder: string, name: string): void {
  rmSync(join(folder, `${name}${SUFFIX}`), { force: true });
}

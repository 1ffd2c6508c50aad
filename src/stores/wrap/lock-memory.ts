/** What this machine remembers of the locks of one place: a file that can be lost, then the service is asked again. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../../base/folders.ts';
import { isOwnFolder } from '../../base/own-folder.ts';
import { replaceFile } from '../../base/replace-file.ts';
import type { LockMemory } from './lock-new.ts';

/** Locks that are over are forgotten when it is saved; `location` is that of the store. */
export function openLockMemory(folder: string, location: string, now: () => Date): LockMemory {
  const file = join(folder, `${createHash('sha256').update(location).digest('hex').slice(0, 24)}.json`);
  let known: Map<string, number> | undefined;
  let changed = false;
  const all = () => (known ??= isOwnFolder(folder) ? read(file) : new Map());
  return {
    get: (key) => all().get(key),
    set(key, untilMs) {
      all().set(key, untilMs);
      changed = true;
    },
    save() {
      if (!changed || known === undefined) return;
      const nowMs = now().getTime();
      const current = [...known].filter(([, untilMs]) => untilMs > nowMs);
      try {
        makeFolders(folder, 0o700);
        if (!isOwnFolder(folder)) return;
        replaceFile(file, `${JSON.stringify(Object.fromEntries(current))}\n`);
        changed = false;
      } catch {
        // The service is asked again the next time.
      }
    },
  };
}

function read(file: string): Map<string, number> {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof found !== 'object' || found === null) return new Map();
    return new Map(Object.entries(found).filter((pair): pair is [string, number] => typeof pair[1] === 'number'));
  } catch {
    return new Map();
  }
}

/** What this machine remembers of a repository's keys: which one fits its password. It is no secret, and can be lost: then all keys are tried. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../../base/folders.ts';
import { isOwnFolder } from '../../base/own-folder.ts';
import { replaceFile } from '../../base/replace-file.ts';
import { isId } from './format/id.ts';

export interface KeyMemory {
  /** Id of the key file that opened the repository the last time. */
  get(): string | undefined;
  set(id: string): void;
}

/** `location` is that of the store. */
export function openKeyMemory(folder: string, location: string): KeyMemory {
  const file = join(folder, createHash('sha256').update(location).digest('hex').slice(0, 24));
  let known: string | undefined;
  return {
    get() {
      known = isOwnFolder(folder) ? read(file) : undefined;
      return known;
    },
    set(id) {
      if (id === known) return;
      try {
        makeFolders(folder, 0o700);
        if (!isOwnFolder(folder)) return;
        replaceFile(file, `${id}\n`);
        known = id;
      } catch {
        // All keys are tried the next time.
      }
    },
  };
}

function read(file: string): string | undefined {
  try {
    const id = readFileSync(file, 'latin1').trim();
    return isId(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

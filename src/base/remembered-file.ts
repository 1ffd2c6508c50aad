/**
 * Small files in which this machine remembers something of a place. They may be lost at any time: then it is asked for again. Two processes
 * may write one at once: then it may not be kept, or for a moment be a part, so what is read has to be looked at.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from './folders.ts';
import { isOwnFolder } from './own-folder.ts';
import { replaceFile } from './replace-file.ts';

export interface RememberedFile {
  /** Undefined where there is none, or where somebody else could have put it there. */
  read(): Buffer | undefined;
  /** Returns whether it is remembered from now on. */
  write(content: string | Uint8Array): boolean;
}

/** More than anything here takes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The file in `folder` of the place `location`. The folder is made when something is written. */
export function rememberedFile(folder: string, location: string): RememberedFile {
  const file = join(folder, `${createHash('sha256').update(location).digest('hex').slice(0, 24)}.json`);
  return {
    read() {
      try {
        return isOwnFolder(folder) ? readSmall(file) : undefined;
      } catch {
        return undefined;
      }
    },
    write(content) {
      try {
        makeFolders(folder, 0o700);
        if (!isOwnFolder(folder)) return false;
        replaceFile(file, content);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** What is no file, or a link, may have no end, or be waited for in vain. */
function readSmall(path: string): Buffer | undefined {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    return stats.isFile() && stats.size <= MAX_BYTES ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

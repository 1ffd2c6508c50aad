/** Makes folders. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { systemCode } from './errors.ts';

/**
 * Makes a folder and what is missing above it; one that is there is left as it is. Returns the topmost folder it made, if any,
 * or throws the system's error. Node's own recursive mkdir tries for ever where the system says "no such file" of a folder
 * whose parent is there (/proc, deleted folders, some automounters), and reports a read-only file system as a missing folder.
 */
export function makeFolders(path: string, mode = 0o777): string | undefined {
  const folder = resolve(path);
  if (makeFolder(folder, mode) === 'made') return folder;
  if (isFolder(folder)) return undefined;
  const topmost = makeFolders(dirname(folder), mode);
  mkdirUnlessThere(folder, mode);
  return topmost ?? folder;
}

function makeFolder(folder: string, mode: number): 'made' | 'not made' {
  try {
    mkdirSync(folder, { mode });
    return 'made';
  } catch (error) {
    const parentMissing = systemCode(error) === 'ENOENT' && dirname(folder) !== folder;
    if (parentMissing || isFolder(folder)) return 'not made';
    throw error;
  }
}

/** Another process may have made it since. */
function mkdirUnlessThere(folder: string, mode: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

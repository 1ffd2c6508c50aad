/** Small files that are whole at any moment, also after a power failure. */
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from './errors.ts';
import { makeFolders } from './folders.ts';

/**
 * Puts the content into the file, which only its owner may read; missing folders above it are made, for the owner only. Durable when it
 * returns: until then the old content is there, or none. Two processes must not do so for one file at the same time. Throws the
 * system's error.
 */
export function replaceFile(file: string, content: string | Uint8Array): void {
  const folder = dirname(file);
  makeFolders(folder, 0o700);
  const unfinished = `${file}.unfinished`;
  // Made anew, so that a link that somebody put there leads nowhere.
  removeIfThere(unfinished);
  const descriptor = openSync(unfinished, 'wx', 0o600);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, file);
  syncFolder(folder);
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** Makes durable what was renamed in the folder or removed from it, where the file system can. */
export function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Some file systems can not sync folders; what is in the files themselves is written.
  }
}

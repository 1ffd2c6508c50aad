import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { temporaryFolder } from '../../base/environment.ts';
import { SuretyError, systemCode } from '../../base/errors.ts';
import { openPrivateFolder, type PrivateFolder, removeAbandoned } from '../../base/private-folder.ts';

/** Left free for others. */
const RESERVE_BYTES = 2 ** 20;

/**
 * Makes a folder for the copy of one database, with room for `neededBytes`: in the system's temporary folder if that is on the database's file
 * system or there is no other way, else beside the database. First removes what killed runs left there. Throws
 * `source.failed` when there is no room.
 */
export async function openScratch(source: string, databasePath: string, neededBytes: number): Promise<PrivateFolder> {
  const beside = dirname(databasePath);
  const temporary = temporaryFolder();
  const sameFileSystem = await areOnOneFileSystem(beside, temporary);
  const candidates = sameFileSystem ? [temporary] : [beside, temporary];
  let freeBytes = 0;
  for (const folder of candidates) {
    await removeAbandoned('sqlite', folder);
    const free = await freeSpace(folder);
    freeBytes = Math.max(freeBytes, free);
    if (free < neededBytes + RESERVE_BYTES) continue;
    const scratch = await openFolder(folder);
    if (scratch !== undefined) return scratch;
  }
  const asked = candidates.join(' or ');
  throw new SuretyError('source.failed', `no room for a copy of database ${source} in ${asked}`, {
    hint: 'set TMPDIR to a folder with more free space than the database has bytes',
    details: { source, neededBytes: neededBytes + RESERVE_BYTES, freeBytes },
  });
}

async function areOnOneFileSystem(left: string, right: string): Promise<boolean> {
  try {
    return (await stat(left)).dev === (await stat(right)).dev;
  } catch {
    return false;
  }
}

async function freeSpace(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/** Undefined when this process may not write there. */
async function openFolder(below: string): Promise<PrivateFolder | undefined> {
  try {
    return await openPrivateFolder('sqlite', below);
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOSPC'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

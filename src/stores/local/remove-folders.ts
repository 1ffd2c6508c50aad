import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsence } from './read.ts';

/** Removes `folder` and what is below it as far as there are no files in it. A store keeps no folders; they only take names. */
export async function removeEmptyFolders(folder: string): Promise<void> {
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) await removeEmptyFolders(join(folder, entry.name));
    }
    await rmdir(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!isAbsence(error) && !['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) throw error;
  }
}

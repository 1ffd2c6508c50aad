/** Whether a folder is this user's own: for files that others must not be able to put there. */
import { lstatSync } from 'node:fs';

/** True for a folder (no link to one) of this user in which nobody else may make files; where there are no users, for each folder. */
export function isOwnFolder(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return false;
  const own = process.getuid?.();
  return own === undefined || (stats.uid === own && (stats.mode & 0o022) === 0);
}

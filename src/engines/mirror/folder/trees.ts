/** Whole trees of a mirror, changed where they are. */
import { hasCode } from '../../../base/errors.ts';
import type { Reach } from '../../../reach/reach.ts';
import type { How } from '../../engine.ts';
import { command } from './commands.ts';

/** Nobody but root removes anything from a directory that may not be written: its own bits stand in nobody's way, those of files are shared. */
const REMOVE =
  'rm -rf -- "$1" 2>/dev/null || { find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \\; ; rm -rf -- "$1"; }';

export async function removeTree(reach: Reach, path: string, { signal }: How): Promise<void> {
  await command(reach, ['sh', '-c', REMOVE, 'sh', path], { signal, doing: `remove ${path}` });
}

/** Makes a copy in which every file is another name of that in `from`, where the file system has such. */
export async function duplicateTree(reach: Reach, from: string, to: string, { signal }: How): Promise<void> {
  const how = { signal, doing: `copy ${from} to ${to}` };
  try {
    await command(reach, ['cp', '-a', '--link', '--', from, to], how);
  } catch (error) {
    signal.throwIfAborted();
    if (hasCode(error, 'store.full')) throw error;
    await removeTree(reach, to, { signal });
    await command(reach, ['cp', '-a', '--', from, to], how);
  }
}

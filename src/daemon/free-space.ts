/** How much room is left where something is going to be. */
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../base/errors.ts';
import type { Space } from '../operations/restore/space.ts';

/** Of the file system that `path`, or the nearest folder above it that is there, is on. Undefined where it does not tell. */
export async function spaceAt(path: string): Promise<Space | undefined> {
  try {
    const { dev } = await stat(path, { bigint: true });
    const { bavail, bsize, blocks } = await statfs(path);
    // Some file systems of networks and memory know no size.
    return blocks === 0 ? undefined : { device: String(dev), freeBytes: bavail * bsize };
  } catch (error) {
    const above = dirname(path);
    const missing = ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
    return missing && above !== path ? await spaceAt(above) : undefined;
  }
}

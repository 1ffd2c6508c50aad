import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Repository } from './repository.ts';

/** Bytes of the files in which the repository keeps its content; 0 where it is on another host, of which borg does not tell. */
export async function folderSize({ place }: Pick<Repository, 'place'>): Promise<number> {
  if (place.folder === undefined) return 0;
  let sizeBytes = 0;
  for (const file of await readdir(join(place.folder, 'data'), { recursive: true })) {
    const stats = await stat(join(place.folder, 'data', file)).catch(() => undefined);
    if (stats?.isFile() === true) sizeBytes += stats.size;
  }
  return sizeBytes;
}

import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { ABANDONED_AFTER_MS, makerOf } from '../unfinished-name.ts';

/** Removes what processes that have ended left behind in `folder`. What can not be removed is left to the next time. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    try {
      if (await isAbandoned(path, name)) await unlink(path);
    } catch {
      // Gone by now, or not ours to remove: a store that is only read must open all the same.
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

async function isAbandoned(path: string, name: string): Promise<boolean> {
  const maker = makerOf(name);
  if (maker !== 'unknown') return maker === 'ended';
  const { mtimeMs } = await stat(path);
  return systemClock.now().getTime() - mtimeMs > ABANDONED_AFTER_MS;
}

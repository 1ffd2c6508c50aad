/** Removes locks. borg itself removes those of processes of this machine that do not run any more, when it wants to lock. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import type { How } from '../engine.ts';
import { withoutPlaceholders } from './place.ts';
import type { Repository } from './repository.ts';
import { borgRun } from './run.ts';

/** How many are gone; of a repository on another host borg does not tell, and it is 0. */
export async function unlock(
  repository: Repository,
  { signal, all }: How & { readonly all: boolean },
): Promise<number> {
  const before = await held(repository);
  if (all) {
    await borgRun(repository, ['break-lock'], { signal, doing: 'removal of locks' });
  } else {
    try {
      // It locks, and does nothing.
      const args = ['with-lock', withoutPlaceholders(repository.place.url), 'true'];
      await borgRun({ ...repository, lockWaitMs: 1000 }, args, { signal, doing: 'look at locks' });
    } catch (error) {
      if (!hasCode(error, 'repository.locked')) throw error;
    }
  }
  const after = await held(repository);
  return before.filter((name) => !after.includes(name)).length;
}

/** Each holder of the lock has a file in it: host, process and thread. */
async function held({ place }: Repository): Promise<string[]> {
  if (place.folder === undefined) return [];
  return await readdir(join(place.folder, 'lock.exclusive')).catch(() => []);
}

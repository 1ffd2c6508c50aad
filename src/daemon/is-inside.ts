/** Whether one place is inside of another, whatever links and mounts lead there. */
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** True when `path`, which need not exist, is the folder or below it. A folder that does not exist has nothing in it. */
export function isInside(folder: string, path: string): boolean {
  const outer = statSync(folder, { bigint: true, throwIfNoEntry: false });
  if (outer === undefined) return false;
  for (let at = existing(path); ; at = dirname(at)) {
    const { dev, ino } = statSync(at, { bigint: true });
    if (dev === outer.dev && ino === outer.ino) return true;
    if (at === dirname(at)) return false;
  }
}

/** The real path of the nearest folder above that exists. What can not be looked at is not there either. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (path === dirname(path)) throw error;
    return existing(dirname(path));
  }
}

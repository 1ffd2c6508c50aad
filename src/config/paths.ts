import { resolve } from 'node:path';
import { homeFolder } from '../base/environment.ts';

/** `~` and `~/…` with the user's home folder in place of `~`; anything else as it is. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? homeFolder() + path.slice(1) : path;
}

/** The absolute path of one that was written in a configuration in `directory`. */
export function resolvePath(directory: string, path: string): string {
  return resolve(directory, expandHome(path));
}

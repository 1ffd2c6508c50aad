import { resolve } from 'node:path';
import { homeFolder } from '../base/environment.ts';

/** The absolute path of one that a person typed and that is stored in a configuration in `directory`. */
export function placeOf(directory: string, typed: string): string {
  return resolve(directory, typed === '~' || typed.startsWith('~/') ? homeFolder() + typed.slice(1) : typed);
}

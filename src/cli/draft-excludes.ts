/** What a first configuration leaves out of a folder: the repository, when it is inside of it. Databases of their own are left out anyway. */
import { basename, relative } from 'node:path';
import { placeOf } from './place.ts';

/** Naming patterns replaces what is left out anyway, so these have to be named as well. */
export const USUAL_EXCLUDES: readonly string[] = ['lost+found', '*.saving'];

/** The value of `exclude`; undefined where the repository at `store`, as typed, is not inside of `folder`. */
export function draftExcludes(folder: string, store: string, directory: string): string[] | undefined {
  const above = placeOf(directory, folder);
  const repository = patternBelow(above, placeOf(directory, store.replace(/^file:/, '')));
  return repository === undefined ? undefined : [...USUAL_EXCLUDES, repository];
}

/** Matches the last names of `path` from the name of `above` on; undefined unless it is below. */
function patternBelow(above: string, path: string): string | undefined {
  const below = relative(above, path);
  if (below === '' || below === '..' || below.startsWith('../')) return undefined;
  return `${basename(above)}/${below}`.replaceAll(/[*?[\]{}\\]/g, '\\$&');
}

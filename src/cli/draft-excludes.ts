/** What a first configuration leaves out of a folder: databases and the repository, when they are inside of it. */
import { basename, relative } from 'node:path';
import { placeOf } from './place.ts';

/** Naming patterns replaces what is left out anyway, so these have to be named as well. */
export const USUAL_EXCLUDES: readonly string[] = ['lost+found', '*.saving'];

/** What has a place of its own in the configuration; as typed. */
export interface Special {
  readonly databases: readonly string[];
  readonly store: string;
}

/** The value of `exclude`; undefined where nothing special is inside of `folder`. */
export function draftExcludes(folder: string, { databases, store }: Special, directory: string): string[] | undefined {
  const above = placeOf(directory, folder);
  const patterns = databases.flatMap((path) => {
    const pattern = patternBelow(above, placeOf(directory, path));
    return pattern === undefined ? [] : [pattern, `${pattern}-{wal,shm,journal}`];
  });
  const repository = patternBelow(above, placeOf(directory, store.replace(/^file:/, '')));
  const inside = repository === undefined ? patterns : [...patterns, repository];
  return inside.length === 0 ? undefined : [...USUAL_EXCLUDES, ...inside];
}

/** Matches the last names of `path` from the name of `above` on; undefined unless it is below. */
function patternBelow(above: string, path: string): string | undefined {
  const below = relative(above, path);
  if (below === '' || below === '..' || below.startsWith('../')) return undefined;
  return `${basename(above)}/${below}`.replaceAll(/[*?[\]{}\\]/g, '\\$&');
}

import fs from 'node:fs';
import { SuretyError } from '../../base/errors.ts';
import { displayName, systemPath } from '../../base/names.ts';
import type { SourceFacts } from '../source.ts';
import { lookThrough } from './entry.ts';
import type { Exclusion } from './exclude.ts';
import { join, type Root, type Roots } from './roots.ts';

/** Throws `source.empty` for a root in which there is nothing now, unless that was so before. */
export function checkEmptied(
  source: string,
  roots: Roots,
  exclusion: Exclusion,
  previous: SourceFacts | undefined,
): void {
  for (const root of roots.all) {
    if (!hadContent(root, previous)) continue;
    const path = join(root.base, root.entryPath);
    if (lookThrough(path)?.isDirectory() === true && isEmptyFolder(path, exclusion))
      throw emptied(source, path, previous);
  }
}

/** Whether there was something in a root as far as anybody knows. */
export function hadContent(root: Root, previous: SourceFacts | undefined): boolean {
  return (previous?.files ?? 0) > 0 && previous?.emptyRoots?.includes(root.shown) !== true;
}

export function emptied(source: string, path: string, previous: SourceFacts | undefined): SuretyError {
  return new SuretyError('source.empty', `${displayName(path)} of source ${source} is empty but was not before`, {
    hint: 'check whether its disk is mounted; if it is meant to be empty, take it out of the configuration',
    details: { source, path: displayName(path), filesBefore: previous?.files ?? 0 },
  });
}

/** What is left of a source is directories in which there is nothing. */
export function onlyDirectories(source: string, previous: SourceFacts | undefined): SuretyError {
  return new SuretyError('source.empty', `source ${source} has nothing but directories now and had files before`, {
    hint: 'check whether its disks are mounted; if the files are meant to be gone, back it up under a new source name',
    details: { source, filesBefore: previous?.files ?? 0 },
  });
}

/** Looks no further than to the first name that is not left out. */
function isEmptyFolder(path: string, exclusion: Exclusion): boolean {
  using folder = fs.opendirSync(systemPath(path));
  for (let found = folder.readSync(); found !== null; found = folder.readSync()) {
    const inner = join(path, found.name);
    if (exclusion.isElsewhere(inner) || !exclusion.excludes(inner, found.name, true)) return false;
  }
  return true;
}

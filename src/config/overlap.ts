/** Finds repositories and databases that lie inside of folders that are backed up, and repositories in the same place. */
import { basename, relative } from 'node:path';
import type { ConfigDocument } from './document.ts';
import type { Finding } from './explain.ts';
import { resolvePath } from './paths.ts';
import { parseStoreLocation } from './store-location.ts';

interface Folder {
  readonly repository: string;
  readonly path: string;
}

/** What does not belong among the files of a folder. */
interface Inner {
  readonly path: string;
  readonly message: string;
  readonly suggestion: string;
}

const asRepository = ({ repository, path }: Folder): Inner => ({
  path,
  message: `the repository ${repository} is inside of it and would be backed up as well`,
  suggestion: 'add it to exclude',
});

/** Its files, read one by one while it is written, may not fit together, and restored they take the place of the good copy. */
function databasesOf({ sources }: ConfigDocument, directory: string): Inner[] {
  return Object.entries(sources ?? {}).flatMap(([name, source]) => {
    if (source.type !== 'sqlite') return [];
    const path = resolvePath(directory, source.path);
    const message = `the database ${name} is inside of it and would also be backed up, and restored, as mere files`;
    return [{ path, message, suggestion: `add ${basename(path)} and ${basename(path)}-{wal,shm,journal} to exclude` }];
  });
}

/** Findings about the places of sources and repositories, as they are written; links are not followed. */
export function overlapsOf(document: ConfigDocument, directory: string): Finding[] {
  const folders = Object.entries(document.repositories).map(([repository, { store }]): Folder => {
    return { repository, path: parseStoreLocation(store, directory).options.path };
  });
  const databases = databasesOf(document, directory);
  return [...shared(folders), ...inside(document, directory, [...folders.map(asRepository), ...databases])];
}

function shared(folders: readonly Folder[]): Finding[] {
  return folders.flatMap(({ repository, path }, at): Finding[] => {
    const first = folders.findIndex((other) => other.path === path);
    if (first === at) return [];
    const message = `it is in the same place as the repository ${folders[first]!.repository}`;
    return [{ path: ['repositories', repository, 'store'], message }];
  });
}

function inside(document: ConfigDocument, directory: string, inner: readonly Inner[]): Finding[] {
  return Object.entries(document.sources ?? {}).flatMap(([name, source]) => {
    if (source.type !== 'files') return [];
    const open = inner.filter(({ path }) => !isExcluded(path, source.exclude ?? []));
    return source.paths.flatMap((root, at) => {
      const above = resolvePath(directory, root);
      return open
        .filter(({ path }) => isWithin(path, above))
        .map(({ message, suggestion }): Finding => ({ path: ['sources', name, 'paths', at], message, suggestion }));
    });
  });
}

function isWithin(path: string, folder: string): boolean {
  const below = relative(folder, path);
  return below !== '..' && !below.startsWith('../');
}

/** Whether a pattern's last name is the path's, or its beginning with a `*`; whether the rest matches is not looked at. */
function isExcluded(path: string, patterns: readonly string[]): boolean {
  const name = basename(path);
  return patterns.map((pattern) => basename(pattern)).some((last) => last === name || isBeginning(last, name));
}

function isBeginning(pattern: string, name: string): boolean {
  return pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1));
}

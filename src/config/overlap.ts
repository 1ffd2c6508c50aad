/** Finds repositories that lie inside of what they back up, or in the same place. */
import { basename, relative } from 'node:path';
import type { ConfigDocument } from './document.ts';
import type { Finding } from './explain.ts';
import { resolvePath } from './paths.ts';
import { parseStoreLocation } from './store-location.ts';

interface Folder {
  readonly repository: string;
  readonly path: string;
}

/** Findings about the places of sources and repositories, as they are written; links are not followed. */
export function overlapsOf(document: ConfigDocument, directory: string): Finding[] {
  const folders = Object.entries(document.repositories).map(([repository, { store }]): Folder => {
    return { repository, path: parseStoreLocation(store, directory).options.path };
  });
  return [...shared(folders), ...inside(document, directory, folders)];
}

function shared(folders: readonly Folder[]): Finding[] {
  return folders.flatMap(({ repository, path }, at): Finding[] => {
    const first = folders.findIndex((other) => other.path === path);
    if (first === at) return [];
    const message = `it is in the same place as the repository ${folders[first]!.repository}`;
    return [{ path: ['repositories', repository, 'store'], message }];
  });
}

function inside(document: ConfigDocument, directory: string, folders: readonly Folder[]): Finding[] {
  return Object.entries(document.sources ?? {}).flatMap(([name, source]) => {
    if (source.type !== 'files') return [];
    const open = folders.filter(({ path }) => !isExcluded(path, source.exclude ?? []));
    return source.paths.flatMap((root, at) => {
      const above = resolvePath(directory, root);
      return open
        .filter(({ path }) => isWithin(path, above))
        .map(({ repository }): Finding => {
          const message = `the repository ${repository} is inside of it and would be backed up as well`;
          return { path: ['sources', name, 'paths', at], message, suggestion: 'add it to exclude' };
        });
    });
  });
}

function isWithin(path: string, folder: string): boolean {
  const below = relative(folder, path);
  return below !== '..' && !below.startsWith('../');
}

/** Whether a pattern ends in the folder's name; whether it really matches is not looked at. */
function isExcluded(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => basename(pattern) === basename(path));
}

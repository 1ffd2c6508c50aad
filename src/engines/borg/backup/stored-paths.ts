/** Which word on borg's stdin makes it store an entry under the entry's own path. borg leaves out slashes at the beginning. */
import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { decodeName, systemPath } from '../../../base/names.ts';
import type { Entry, ReadingTree } from '../../../sources/source.ts';

export interface StoredPaths {
  /** Where borg runs. */
  readonly workingFolder: string;
  /** Entries that borg stores under another path, by their own. */
  readonly aliases: ReadonlyMap<string, string>;
  place(entry: Entry): { readonly word: string | undefined; readonly isAlias: boolean };
  /** Under which path borg stores a file of the private folder. */
  storedPath(path: string): string;
  /** The path of the entry that borg tells of. */
  entryPath(told: string): string;
  /** The beginning of a word, at least so many characters long, that changes nothing of it; and the rest for a file of the private folder. */
  padding(characters: number): string;
  afterPadding(name: string): string;
}

/**
 * Entries of absolute roots are told by their absolute paths, and borg runs in the private folder, so that its document has no folders above.
 * Entries of relative roots are told by relative paths: then borg runs where these begin. A directory that is a link in truth is not told
 * to borg at all, which would store the link.
 */
export function storedPaths(
  tree: ReadingTree,
  roots: readonly string[],
  beginning: readonly Entry[],
  folder: string,
): StoredPaths {
  const base = baseOf(tree, roots, beginning);
  const aliases = new Map<string, string>();
  const own = new Map<string, string>();

  const aboveRoots = ancestors(roots);

  /** Of a root, and of what is above one, links were followed. */
  function followed(path: string, entry: Entry): string {
    if (!aboveRoots.has(entry.path) || entry.type === 'symlink') return path;
    return lstatSync(systemPath(path)).isSymbolicLink()
      ? decodeName(realpathSync(systemPath(path), { encoding: 'buffer' }))
      : path;
  }

  function place(entry: Entry): { word: string | undefined; isAlias: boolean } {
    const located = tree.locate(entry.path);
    const path = located && followed(located, entry);
    if (path === `/${entry.path}`) return { word: path, isAlias: false };
    if (path !== undefined && base !== undefined && path === join(base, entry.path)) {
      return { word: entry.path, isAlias: false };
    }
    if (path === undefined || entry.type === 'dir') return { word: undefined, isAlias: false };
    const stored = path.replace(/^\/+/, '');
    aliases.set(entry.path, stored);
    own.set(stored, entry.path);
    return { word: path, isAlias: true };
  }

  return {
    workingFolder: base ?? folder,
    aliases,
    place,
    storedPath: (path) => (base === undefined ? path.slice(folder.length + 1) : path.replace(/^\/+/, '')),
    entryPath: (told) => {
      const path = told.replace(/^\/+/, '');
      return own.get(path) ?? path;
    },
    padding: (characters) => (base === undefined ? './' : '//').repeat(Math.ceil(characters / 2)),
    afterPadding: (name) => (base === undefined ? name : join(folder, name).slice(1)),
  };
}

/** Paths of roots as entries have them, and of all directories above. */
function ancestors(roots: readonly string[]): Set<string> {
  const all = new Set<string>();
  for (const root of roots) {
    const parts = root.split('/').filter((part) => part !== '' && part !== '.');
    for (let count = 1; count <= parts.length; count++) all.add(parts.slice(0, count).join('/'));
  }
  return all;
}

/** The folder that relative roots are relative to; undefined where there are none. */
function baseOf(tree: ReadingTree, roots: readonly string[], beginning: readonly Entry[]): string | undefined {
  const relative = roots.filter((root) => !root.startsWith('/')).map((root) => root.replace(/^(?:\.\/+)+|\/+$/g, ''));
  for (const path of [...relative, ...beginning.map((entry) => entry.path)]) {
    const located = path === '' ? undefined : tree.locate(path);
    if (located === undefined || located === `/${path}` || !located.endsWith(`/${path}`)) continue;
    return located.slice(0, located.length - path.length - 1) || '/';
  }
  return undefined;
}

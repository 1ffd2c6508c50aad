import { SuretyError } from '../../../base/errors.ts';
import { displayName } from '../../../base/names.ts';
import type { Owners } from '../../../base/owners.ts';
import type { Entry } from '../../source.ts';
import { missing, unreadable } from '../check.ts';
import type { Folder, View } from '../view.ts';
import type { Listed, ListedTree } from './listed-tree.ts';
import type { ListingParser } from './listing-parser.ts';
import type { Start } from './starts.ts';

export interface FarViewHow {
  readonly source: string;
  readonly parser: ListingParser;
  readonly starts: readonly Start[];
  readonly owners: Owners;
  /** The absolute path there of an entry path. */
  readonly locate: (entryPath: string) => string;
}

/** The files that another host has listed. */
export function farView({ source, parser, starts, owners, locate }: FarViewHow): View<number> {
  const { tree } = parser;
  const indexes = new Map(starts.map(({ entryPath }, index) => [locate(entryPath), index]));
  return {
    follow(path) {
      const index = indexes.get(path)!;
      return startAt(source, path, parser, index);
    },
    open: (_path, at) => folderOf(tree, at!),
    type: (at) => tree.type(at),
    sizeBytes: (at) => tree.sizeBytes(at),
    device: (at) => tree.device(at),
    entry: (entryPath, _path, at) => entryOf(entryPath, tree, at, owners),
    isCache: (_path, folder) => (folder as ListedFolder).isCache,
  };
}

/** What a start is. Throws `source.missing` or `source.unreadable`. */
export function startAt(source: string, path: string, parser: ListingParser, index: number): number {
  const { at, end } = parser.facts[index]!;
  // A link that leads nowhere is listed as what it is.
  if (at !== undefined && parser.tree.type(at) !== 'symlink') return at;
  if (at !== undefined || end.said === '' || /No such file|Not a directory/.test(end.said)) {
    throw missing(source, path, 'on its host');
  }
  const denied = /Permission denied|Operation not permitted/.test(end.said);
  const said = end.said.trim().split('\n').at(-1) ?? '';
  throw unreadable(source, path, denied ? coded('EACCES', said) : new Error(displayName(said)));
}

interface ListedFolder extends Folder<number> {
  readonly isCache: boolean;
}

function folderOf(tree: ListedTree, directory: number): ListedFolder {
  const trouble = tree.trouble(directory);
  if (trouble !== undefined) throw coded(trouble.code, trouble.message);
  const found = new Map<string, number>();
  for (const at of tree.within(directory)) found.set(tree.name(at), at);
  return { names: [...found.keys()], look: (name) => found.get(name), isCache: tree.isCache(directory) };
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), code === '' ? {} : { code });
}

function entryOf(path: string, tree: ListedTree, at: number, owners: Owners): Entry {
  const { deviceNumber, ...listed }: Listed = tree.listed(at);
  const entry = { path, ...listed, user: owners.user(listed.uid), group: owners.group(listed.gid) };
  if (listed.type === 'symlink') return { ...entry, linkTarget: tree.linkTarget(at) };
  if (listed.type !== 'chardev' && listed.type !== 'dev') return entry;
  if (deviceNumber === undefined) throw new SuretyError('source.failed', 'its device number is not known');
  return { ...entry, deviceNumber };
}

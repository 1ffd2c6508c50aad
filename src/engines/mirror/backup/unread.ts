/** What is in the source and could not be read is not taken for deleted: it stays as it was mirrored last. */

import { comparePaths } from '../../../base/names.ts';
import type { Entry, RestoredEntry } from '../../../sources/source.ts';
import type { How } from '../../engine.ts';
import { type KnownFile, knownFile, type Prepared } from '../place.ts';
import { type ListedEntry, type MirrorHandle, readEntries } from '../record.ts';
import type { Repository } from '../repository.ts';
import type { Base } from './base.ts';

export interface Kept {
  /** Those that have no other of them above. */
  readonly tops: readonly RestoredEntry[];
  readonly all: readonly RestoredEntry[];
}

const NOTHING: Kept = { tops: [], all: [] };

/** The same without directories that could not be looked into: nothing is known of what is in them. */
export function withoutUnread(entries: readonly Entry[], unread: readonly string[]): readonly Entry[] {
  if (unread.length === 0) return entries;
  const paths = new Set(unread);
  return entries.filter(({ path, type }, at) => {
    // Below one there may be others that the configuration names.
    const isLeaf = type === 'dir' && entries[at + 1]?.path.startsWith(`${path}/`) !== true;
    return !(isLeaf && paths.has(path));
  });
}

/** What the last copy has of these paths and below, and the new one has not: `entries`, of which `files` are there, undefined: all. */
export async function keptOf(
  { records }: Repository,
  last: Base | undefined,
  unread: readonly string[],
  { entries, files }: { readonly entries: readonly Entry[]; readonly files: Prepared['files'] | undefined },
  how: How,
): Promise<Kept> {
  if (last === undefined || unread.length === 0) return NOTHING;
  const paths = new Set(unread);
  const isThere = ({ path, type }: Entry) => type !== 'file' || files === undefined || files.has(path);
  const there = new Set(entries.flatMap((entry) => (isThere(entry) ? [entry.path] : [])));
  const kept = new Map<string, RestoredEntry>();
  const tops: RestoredEntry[] = [];
  for await (const entry of readEntries(records, last.record, how)) {
    const { path } = entry;
    if (there.has(path) || !isWithin(path, paths)) continue;
    const above = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (kept.has(above)) kept.set(path, entry);
    else if (above === '' || there.has(above)) {
      kept.set(path, entry);
      tops.push(entry);
    }
  }
  return { tops, all: [...kept.values()] };
}

/** Puts it into the new copy. Returns what that is then. */
export async function keepUnread(
  prepared: Prepared,
  last: Base | undefined,
  { tops, all }: Kept,
  how: How,
): Promise<Pick<Prepared, 'mark' | 'files' | 'writtenBytes' | 'unchanged'>> {
  if (last === undefined || tops.length === 0) return prepared;
  await prepared.keep(last.copy, tops, all, how);
  const kept = all
    .filter(({ type }) => type === 'file')
    .map((entry): [string, KnownFile] => {
      const { sha256 = '' } = entry.handle as MirrorHandle;
      return [entry.path, knownFile(entry, { sizeBytes: entry.sizeBytes, sha256 })];
    });
  const { mark, writtenBytes, unchanged } = prepared;
  return { mark, writtenBytes, unchanged: unchanged + kept.length, files: new Map([...prepared.files, ...kept]) };
}

/** In name order. */
export function withKept(listed: readonly ListedEntry[], { all }: Kept): readonly ListedEntry[] {
  if (all.length === 0) return listed;
  const kept = all.map((entry): ListedEntry => ({ entry, xattrs: entry.xattrs }));
  return [...listed, ...kept].sort((left, right) => comparePaths(left.entry.path, right.entry.path));
}

function isWithin(path: string, paths: ReadonlySet<string>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    if (paths.has(path.slice(0, end))) return true;
  }
  return false;
}

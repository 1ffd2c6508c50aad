/** Looks at the roots of a listing as `check.ts` looks at those of this machine. */
import { unmounted, unreadable } from '../check.ts';
import type { Root, Roots } from '../roots.ts';
import { startAt } from './far-view.ts';
import { ListedFinder } from './listed-finder.ts';
import type { ListingParser } from './listing-parser.ts';
import type { Start } from './starts.ts';

export interface FarRootsHow {
  readonly source: string;
  readonly parser: ListingParser;
  readonly starts: readonly Start[];
  readonly roots: Roots;
}

/**
 * Returns the roots that are mount points of their own (as shown). Throws `source.missing`, `source.unreadable`, and `source.unmounted` for one
 * that has to be a mount point and is not.
 */
export function checkFarRoots(how: FarRootsHow, requireMount: boolean, mountedBefore: readonly string[]): string[] {
  const mounts: string[] = [];
  for (const [index, { root, entryPath }] of how.starts.entries()) {
    const path = how.roots.locate(entryPath)!;
    const at = startAt(how.source, path, how.parser, index);
    if (root === undefined) continue;
    if (!how.parser.facts[index]!.isReadable)
      throw unreadable(how.source, path, Object.assign(new Error('permission denied'), { code: 'EACCES' }));
    if (isMountPoint(how.parser, index, at)) mounts.push(root.shown);
    else if (requireMount || mountedBefore.includes(root.shown)) throw unmounted(how.source, path);
  }
  return mounts;
}

/** Whether the file system changes between a root and the directory above it. The top of all is always mounted. */
function isMountPoint({ tree, facts }: ListingParser, index: number, at: number): boolean {
  const { above } = facts[index]!;
  if (tree.type(at) !== 'dir' || above === undefined) return false;
  return above.device !== tree.device(at) || above.inode === tree.inode(at);
}

/** Throws `source.unmounted` for a root that is on another disk than it was, or is gone, when all was listed. */
export function checkStillThere({ source, parser, starts, roots }: FarRootsHow): void {
  for (const [index, { root, entryPath }] of starts.entries()) {
    const { at, after } = parser.facts[index]!;
    if (root === undefined || at === undefined) continue;
    if (after?.device !== parser.tree.device(at)) throw unmounted(source, roots.locate(entryPath)!);
  }
}

/** The device of each root. */
export function devicesOf({ parser, starts }: FarRootsHow): ReadonlyMap<Root, bigint> {
  const devices = new Map<Root, bigint>();
  for (const [index, { root }] of starts.entries()) {
    const { at } = parser.facts[index]!;
    if (root !== undefined && at !== undefined) devices.set(root, parser.tree.device(at));
  }
  return devices;
}

/** Throws `source.unmounted` for what was a mount point below the roots and is now an empty part of the file system around it. */
export function checkFarMounts({ source, parser, starts, roots }: FarRootsHow, before: readonly string[]): void {
  const { tree } = parser;
  const finder = new ListedFinder(parser, starts);
  for (const entryPath of before) {
    const at = finder.findEntry(entryPath);
    const above = finder.findEntry(entryPath.slice(0, Math.max(0, entryPath.lastIndexOf('/'))));
    if (at === undefined || above === undefined || tree.type(at) !== 'dir') continue;
    const isEmpty = tree.within(at).next().done === true && tree.trouble(at) === undefined;
    if (isEmpty && tree.device(at) === tree.device(above)) throw unmounted(source, roots.locate(entryPath)!);
  }
}

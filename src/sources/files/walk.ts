import { systemCode } from '../../base/errors.ts';
import { displayName, sortNames } from '../../base/names.ts';
import type { Owners } from '../../base/owners.ts';
import { BATCH_ENTRIES, type Entry, RESERVED_NAME, type Warning } from '../source.ts';
import { CACHE_TAG, isCache } from './cache-tag.ts';
import { lookAtRoot, lookOrThrow, reasonOf, unreadable } from './check.ts';
import { look, makeEntry, readNames, typeOf } from './entry.ts';
import type { Exclusion } from './exclude.ts';
import { join, type Root, type RootNode, type Roots } from './roots.ts';

export interface WalkHow {
  /** Name of the source, for messages. */
  readonly source: string;
  readonly roots: Roots;
  readonly exclusion: Exclusion;
  readonly excludeCaches: boolean;
  readonly largerThanBytes: number;
  readonly oneFileSystem: boolean;
  readonly owners: Owners;
  readonly warn: (warning: Warning) => void;
  /** Called for each root that is a directory in which there is nothing to back up. */
  readonly onEmptyRoot: (root: Root) => void;
}

/** A directory being walked. There are as many as the tree is deep; nothing is kept per file. */
interface Frame {
  readonly entryPath: string;
  readonly path: string;
  readonly names: readonly string[];
  at: number;
  /** Roots further down, if any. */
  readonly node: RootNode | undefined;
  /** Only the way to roots is of interest here: the directory is above them, or left out itself. */
  readonly passing: boolean;
  /** The file system to stay on; undefined: any. */
  readonly device: bigint | undefined;
}

/**
 * Yields the metadata of all entries in batches, in the order that {@link import('../source.ts').Reading} asks for.
 * Synchronous, since one call to the system costs a few microseconds and a promise around it costs more.
 *
 * Throws `source.missing` and `source.unreadable` for a root; what is wrong further down is warned about.
 */
export function* walk(how: WalkHow): Generator<readonly Entry[]> {
  let batch: Entry[] = [];
  const stack: Frame[] = [openTop(how, batch)];
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]!;
    const name = frame.names[frame.at++];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    const next = visit(how, frame, name, batch);
    if (next !== undefined) stack.push(next);
    if (batch.length < BATCH_ENTRIES) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The top of a snapshot has no entry of its own. */
function openTop(how: WalkHow, batch: Entry[]): Frame {
  const { tree } = how.roots;
  const top = { entry: undefined, entryPath: '', path: tree.root?.base ?? '/', node: tree };
  if (tree.root === undefined) return pass(top);
  const { dev } = lookAtRoot(how.source, tree.root);
  return enter(how, { ...top, device: how.oneFileSystem ? dev : undefined }, batch)!;
}

/** Adds the entry of one name to the batch. Returns a frame when it is a directory to be walked. */
function visit(how: WalkHow, frame: Frame, name: string, batch: Entry[]): Frame | undefined {
  const entryPath = frame.entryPath === '' ? name : `${frame.entryPath}/${name}`;
  if (entryPath === RESERVED_NAME) return undefined;
  const node = frame.node?.children.get(name);
  if (node !== undefined) return visitTowardsRoot(how, frame, { name, entryPath, node }, batch);
  if (frame.passing && name !== CACHE_TAG) return undefined;
  const path = frame.path === '/' ? `/${name}` : `${frame.path}/${name}`;
  const entry = examine(how, entryPath, path, name);
  if (entry === undefined) return undefined;
  const foreign = frame.device !== undefined && entry.device !== frame.device;
  if (entry.type === 'dir' && !foreign)
    return enter(how, { entry, entryPath, path, node: undefined, device: frame.device }, batch);
  // The point where another file system is mounted is kept, so that a restore recreates it.
  batch.push(entry);
  return undefined;
}

/** The entry at a path; undefined when it is excluded, or gone or unreadable, which is warned about. */
function examine(how: WalkHow, entryPath: string, path: string, name: string): Entry | undefined {
  try {
    const stats = look(path);
    if (stats === undefined) return vanished(how, entryPath, path);
    const type = typeOf(stats);
    if (how.exclusion.excludes(path, name, type === 'dir')) return undefined;
    if (type !== 'dir' && how.exclusion.isElsewhere(path)) return undefined;
    if (type === 'file' && Number(stats.size) > how.largerThanBytes) return undefined;
    return makeEntry(entryPath, path, stats, how.owners);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return vanished(how, entryPath, path);
    warnUnreadable(how, entryPath, path, error);
    return undefined;
  }
}

/**
 * A root, or a directory above one. Both are what the person named: links to them are followed, and a root is never
 * excluded. Excluding a directory above a root leaves out the rest of that directory.
 */
function visitTowardsRoot(
  how: WalkHow,
  frame: Frame,
  to: { readonly name: string; readonly entryPath: string; readonly node: RootNode },
  batch: Entry[],
): Frame | undefined {
  const { entryPath, node } = to;
  const path = how.roots.locate(entryPath)!;
  const stats = node.root === undefined ? lookOrThrow(how.source, path) : lookAtRoot(how.source, node.root);
  const entry = makeEntry(entryPath, path, stats, how.owners);
  const place = { entry, entryPath, path, node };
  if (node.root !== undefined && entry.type === 'dir')
    return enter(how, { ...place, device: how.oneFileSystem ? stats.dev : undefined }, batch);
  const foreign = frame.device !== undefined && stats.dev !== frame.device;
  const passing = frame.passing || foreign || how.exclusion.excludes(path, to.name, true);
  if (node.root === undefined && !passing) return enter(how, { ...place, device: frame.device }, batch);
  batch.push(entry);
  return node.root === undefined ? pass(place) : undefined;
}

interface Place {
  /** Undefined for the top. */
  readonly entry: Entry | undefined;
  readonly entryPath: string;
  readonly path: string;
  readonly node: RootNode | undefined;
}

function pass(to: Place & { readonly node: RootNode }): Frame {
  return { ...to, names: to.node.names, at: 0, passing: true, device: undefined };
}

/** Adds a directory and opens it. Undefined when it is gone, which is warned about. */
function enter(how: WalkHow, to: Place & { readonly device: bigint | undefined }, batch: Entry[]): Frame | undefined {
  const { entryPath, path, node } = to;
  const root = node?.root;
  let names: string[];
  try {
    names = readNames(path);
  } catch (error) {
    if (root !== undefined) throw unreadable(how.source, path, error);
    if (systemCode(error) === 'ENOENT') return vanished(how, entryPath, path);
    warnUnreadable(how, entryPath, path, error);
    names = [];
  }
  if (to.entry !== undefined) batch.push(to.entry);
  // Of a cache stay the directory and its mark. A root that is marked was named by a person, who wants it.
  const cache = root === undefined && how.excludeCaches && names.includes(CACHE_TAG) && isCache(path);
  if (cache) names = [CACHE_TAG];
  if (root !== undefined && isEmpty(how.exclusion, path, names)) how.onEmptyRoot(root);
  if (node !== undefined) names = [...new Set([...names, ...node.names])];
  return { entryPath, path, node, names: sortNames(names), at: 0, passing: cache, device: to.device };
}

function isEmpty(exclusion: Exclusion, path: string, names: readonly string[]): boolean {
  const isThere = (name: string, inner: string) =>
    exclusion.isElsewhere(inner) || !exclusion.excludes(inner, name, true);
  return !names.some((name) => isThere(name, join(path, name)));
}

function vanished(how: WalkHow, entryPath: string, path: string): undefined {
  const message = `${displayName(path)} vanished while it was read`;
  how.warn({ code: 'entry.vanished', path: entryPath, message });
}

function warnUnreadable(how: WalkHow, entryPath: string, path: string, error: unknown): void {
  const message = `${displayName(path)} can not be read: ${reasonOf(error)}`;
  how.warn({ code: 'entry.unreadable', path: entryPath, message });
}

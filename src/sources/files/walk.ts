import { systemCode } from '../../base/errors.ts';
import { displayName, sortNames } from '../../base/names.ts';
import { BATCH_ENTRIES, type Entry, RESERVED_NAME, type Warning } from '../source.ts';
import { CACHE_TAG } from './cache-tag.ts';
import { reasonOf, unreadable } from './check.ts';
import type { Exclusion } from './exclude.ts';
import { join, type Root, type RootNode, type Roots } from './roots.ts';
import type { Folder, View } from './view.ts';

export interface WalkHow<Node> {
  readonly view: View<Node>;
  /** Name of the source, for messages. */
  readonly source: string;
  readonly roots: Roots;
  readonly exclusion: Exclusion;
  readonly excludeCaches: boolean;
  readonly largerThanBytes: number;
  readonly oneFileSystem: boolean;
  readonly warn: (warning: Warning) => void;
  /** Called for each root that is a directory in which there is nothing to back up. */
  readonly onEmptyRoot: (root: Root) => void;
}

/** A directory being walked. There are as many as the tree is deep; nothing is kept per file. */
interface Frame<Node> {
  readonly entryPath: string;
  readonly path: string;
  /** Undefined where only the way to roots is known. */
  readonly folder: Folder<Node> | undefined;
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
export function* walk<Node>(how: WalkHow<Node>): Generator<readonly Entry[]> {
  let batch: Entry[] = [];
  const stack: Frame<Node>[] = [openTop(how, batch)];
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
function openTop<Node>(how: WalkHow<Node>, batch: Entry[]): Frame<Node> {
  const { tree } = how.roots;
  const top = { entry: undefined, entryPath: '', path: tree.root?.base ?? '/', node: tree };
  if (tree.root === undefined) return pass(top);
  const found = how.view.follow(top.path, tree.root);
  return enter(how, { ...top, found, device: how.oneFileSystem ? how.view.device(found) : undefined }, batch)!;
}

/** Adds the entry of one name to the batch. Returns a frame when it is a directory to be walked. */
function visit<Node>(how: WalkHow<Node>, frame: Frame<Node>, name: string, batch: Entry[]): Frame<Node> | undefined {
  const entryPath = frame.entryPath === '' ? name : `${frame.entryPath}/${name}`;
  if (entryPath === RESERVED_NAME) return undefined;
  const node = frame.node?.children.get(name);
  if (node !== undefined) return visitTowardsRoot(how, frame, { name, entryPath, node }, batch);
  if (frame.passing && name !== CACHE_TAG) return undefined;
  const path = frame.path === '/' ? `/${name}` : `${frame.path}/${name}`;
  const examined = examine(how, { entryPath, path, name, folder: frame.folder! });
  if (examined === undefined) return undefined;
  const { entry, found } = examined;
  const foreign = frame.device !== undefined && entry.device !== frame.device;
  if (entry.type === 'dir' && !foreign)
    return enter(how, { entry, entryPath, path, found, node: undefined, device: frame.device }, batch);
  // The point where another file system is mounted is kept, so that a restore recreates it.
  batch.push(entry);
  return undefined;
}

interface Named<Node> {
  readonly entryPath: string;
  readonly path: string;
  readonly name: string;
  readonly folder: Folder<Node>;
}

/** The entry at a path; undefined when it is excluded, or gone or unreadable, which is warned about. */
function examine<Node>(
  how: WalkHow<Node>,
  { entryPath, path, name, folder }: Named<Node>,
): { readonly entry: Entry; readonly found: Node } | undefined {
  const { view, exclusion } = how;
  try {
    const found = folder.look(name, path);
    if (found === undefined) return vanished(how, entryPath, path);
    const type = view.type(found);
    if (exclusion.excludes(path, name, type === 'dir')) return undefined;
    if (type !== 'dir' && exclusion.isElsewhere(path)) return undefined;
    if (type === 'file' && view.sizeBytes(found) > how.largerThanBytes) return undefined;
    return { entry: view.entry(entryPath, path, found), found };
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
function visitTowardsRoot<Node>(
  how: WalkHow<Node>,
  frame: Frame<Node>,
  to: { readonly name: string; readonly entryPath: string; readonly node: RootNode },
  batch: Entry[],
): Frame<Node> | undefined {
  const { view } = how;
  const { entryPath, node } = to;
  const path = how.roots.locate(entryPath)!;
  const found = view.follow(path, node.root);
  const entry = view.entry(entryPath, path, found);
  const place = { entry, entryPath, path, found, node };
  if (node.root !== undefined && entry.type === 'dir')
    return enter(how, { ...place, device: how.oneFileSystem ? entry.device : undefined }, batch);
  const foreign = frame.device !== undefined && entry.device !== frame.device;
  const passing = frame.passing || foreign || how.exclusion.excludes(path, to.name, true);
  if (node.root === undefined && !passing) return enter(how, { ...place, device: frame.device }, batch);
  batch.push(entry);
  return node.root === undefined ? pass(place) : undefined;
}

interface Place<Node> {
  /** Undefined for the top. */
  readonly entry: Entry | undefined;
  readonly entryPath: string;
  readonly path: string;
  readonly found?: Node | undefined;
  readonly node: RootNode | undefined;
}

function pass<Node>({ entryPath, path, node }: Place<Node> & { readonly node: RootNode }): Frame<Node> {
  return { entryPath, path, folder: undefined, node, names: node.names, at: 0, passing: true, device: undefined };
}

const NOTHING: Folder<never> = { names: [], look: () => undefined };

/** Adds a directory and opens it. Undefined when it is gone, which is warned about. */
function enter<Node>(
  how: WalkHow<Node>,
  to: Place<Node> & { readonly device: bigint | undefined },
  batch: Entry[],
): Frame<Node> | undefined {
  const { entryPath, path, node } = to;
  const root = node?.root;
  let folder: Folder<Node> = NOTHING;
  try {
    folder = how.view.open(path, to.found);
  } catch (error) {
    if (root !== undefined) throw unreadable(how.source, path, error);
    if (systemCode(error) === 'ENOENT') return vanished(how, entryPath, path);
    warnUnreadable(how, entryPath, path, error);
  }
  let { names } = folder;
  if (to.entry !== undefined) batch.push(to.entry);
  // Of a cache stay the directory and its mark. A root that is marked was named by a person, who wants it.
  const cache = root === undefined && how.excludeCaches && names.includes(CACHE_TAG) && how.view.isCache(path, folder);
  if (cache) names = [CACHE_TAG];
  if (root !== undefined && isEmpty(how.exclusion, path, names)) how.onEmptyRoot(root);
  if (node !== undefined) names = [...new Set([...names, ...node.names])];
  return { entryPath, path, folder, node, names: sortNames(names), at: 0, passing: cache, device: to.device };
}

function isEmpty(exclusion: Exclusion, path: string, names: readonly string[]): boolean {
  const isThere = (name: string, inner: string) =>
    exclusion.isElsewhere(inner) || !exclusion.excludes(inner, name, true);
  return !names.some((name) => isThere(name, join(path, name)));
}

function vanished<Node>(how: WalkHow<Node>, entryPath: string, path: string): undefined {
  const message = `${displayName(path)} vanished while it was read`;
  how.warn({ code: 'entry.vanished', path: entryPath, message });
}

function warnUnreadable<Node>(how: WalkHow<Node>, entryPath: string, path: string, error: unknown): void {
  const message = `${displayName(path)} can not be read: ${reasonOf(error)}`;
  how.warn({ code: 'entry.unreadable', path: entryPath, message });
}

/** Walks the tree of a snapshot in name order. */
import { hasCode } from '../../base/errors.ts';
import type { How } from '../engine.ts';
import type { Selection } from '../selection.ts';
import type { Node } from './format/node.ts';
import { nodesOf } from './format/tree.ts';
import type { TreeReader } from './tree-reader.ts';

export interface WalkedNode {
  /** Names joined by '/', no leading slash. */
  readonly path: string;
  readonly node: Node;
}

export interface WalkHow extends How {
  readonly selection: Selection;
  /** Entries that are not part of what was backed up. */
  readonly isHidden?: ((path: string) => boolean) | undefined;
  /** Told of each directory below the root whose tree can not be read, or not to its end; without it that is thrown. */
  readonly onLost?: ((path: string, error: Error) => void) | undefined;
}

/** So many nodes of a directory are looked at before its subdirectories, whose trees can then be read at once. */
const WINDOW_NODES = 256;

interface Level {
  readonly prefix: string;
  readonly nodes: Iterator<Node>;
  /** The directory is wanted, and so is all that is in it. */
  readonly wanted: boolean;
  /** The directory itself, until it is told. */
  untold: WalkedNode | undefined;
  window: Node[];
  at: number;
  /** What kept the window from being filled: told when its nodes have been. */
  failed: { readonly error: unknown } | undefined;
}

/**
 * Selected entries and, before the first of those below it, each directory above them. In batches of up to
 * `batchNodes`: handing over one at a time takes a tenth of the walk.
 */
export async function* walkTree(
  trees: TreeReader,
  root: string,
  batchNodes: number,
  how: WalkHow,
): AsyncGenerator<readonly WalkedNode[]> {
  const { selection } = how;
  const batch: WalkedNode[] = [];
  const levels: Level[] = [await openLevel(trees, root, { prefix: '', wanted: false, untold: undefined }, how)];
  for (let level = levels[0]; level !== undefined; level = levels[levels.length - 1]) {
    const node = nextOrLost(trees, level, how);
    if (node === undefined) {
      levels.pop();
      continue;
    }
    const walked = { path: level.prefix + node.name, node };
    if (how.isHidden?.(walked.path)) continue;
    // Asked also below a wanted directory, so that no pattern counts as unmet because of another one.
    const wanted = selection.wants(walked.path) || level.wanted;
    if (wanted) {
      if (!level.wanted) tellAbove(levels, batch);
      batch.push(walked);
      while (batch.length >= batchNodes) yield batch.splice(0, batchNodes);
    }
    if (node.subtree === undefined || !(wanted || selection.mayWantBelow(walked.path))) continue;
    const below = { prefix: `${walked.path}/`, wanted, untold: wanted ? undefined : walked };
    const opened = await openOrLost(trees, node.subtree, below, how);
    if (opened !== undefined) levels.push(opened);
  }
  if (batch.length > 0) yield batch;
}

async function openOrLost(
  trees: TreeReader,
  tree: string,
  level: Pick<Level, 'prefix' | 'wanted' | 'untold'>,
  how: WalkHow,
): Promise<Level | undefined> {
  try {
    return await openLevel(trees, tree, level, how);
  } catch (error) {
    tellLost(level.prefix, error, how);
    return undefined;
  }
}

function nextOrLost(trees: TreeReader, level: Level, how: WalkHow): Node | undefined {
  try {
    return nextNode(trees, level, how);
  } catch (error) {
    tellLost(level.prefix, error, how);
    return undefined;
  }
}

/** Nothing but damage below the root can be passed over. */
function tellLost(prefix: string, error: unknown, how: WalkHow): void {
  if (how.onLost === undefined || prefix === '' || !hasCode(error, 'tree.damaged')) throw error;
  how.onLost(prefix.slice(0, -1), error);
}

/** Where the directory is wanted itself, all above it are told. */
function tellAbove(levels: readonly Level[], batch: WalkedNode[]): void {
  for (const level of levels) {
    if (level.untold === undefined) continue;
    batch.push(level.untold);
    level.untold = undefined;
  }
}

async function openLevel(
  trees: TreeReader,
  tree: string,
  level: Pick<Level, 'prefix' | 'wanted' | 'untold'>,
  how: WalkHow,
): Promise<Level> {
  how.signal.throwIfAborted();
  return { ...level, nodes: nodesOf(await trees.read(tree, how), tree), window: [], at: 0, failed: undefined };
}

function nextNode(trees: TreeReader, level: Level, how: WalkHow): Node | undefined {
  if (level.at === level.window.length) fillWindow(trees, level, how);
  if (level.at === level.window.length && level.failed !== undefined) throw level.failed.error;
  return level.window[level.at++];
}

function fillWindow(trees: TreeReader, level: Level, how: WalkHow): void {
  level.window = [];
  level.at = 0;
  const ids: string[] = [];
  for (let node = readNode(level); node !== undefined; node = readNode(level)) {
    level.window.push(node);
    const below = node.subtree !== undefined && (level.wanted || how.selection.mayWantBelow(level.prefix + node.name));
    if (below) ids.push(node.subtree!);
    if (level.window.length === WINDOW_NODES) break;
  }
  if (ids.length > 1) trees.ahead(ids, how);
}

/** A tree may turn out damaged in its midst; what stands before that is good. */
function readNode(level: Level): Node | undefined {
  try {
    const next = level.nodes.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    level.failed = { error };
    return undefined;
  }
}

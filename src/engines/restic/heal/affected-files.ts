/** Which files and directories of a snapshot need blobs that are lost. */
import { hasCode } from '../../../base/errors.ts';
import type { How, Snapshot } from '../../engine.ts';
import { type BlobTable, DATA, TREE } from '../blob-table.ts';
import type { EntrySet } from '../entry-set.ts';
import type { Node } from '../format/node.ts';
import { nodesOf } from '../format/tree.ts';
import type { TreeReader } from '../tree-reader.ts';
import type { LostBlobs } from './lost-blobs.ts';

export interface AffectedFile {
  readonly path: string;
  /** Undefined for a directory whose listing is lost. */
  readonly node: Node | undefined;
  /** Ids of the lost blobs that it needs. */
  readonly blobs: readonly string[];
}

export interface Looking {
  readonly table: BlobTable;
  readonly trees: TreeReader;
  readonly lost: LostBlobs;
  /** Trees below which nothing is lost: seen once, passed from then on. Good as long as nothing more is lost. */
  readonly clean: EntrySet;
}

/** Files in name order, and directories of which nobody knows what was in them. */
export async function* affectedFiles(looking: Looking, snapshot: Snapshot, how: How): AsyncGenerator<AffectedFile> {
  yield* visit(looking, snapshot.tree, '', how);
}

/** Returns whether all below the tree is whole. */
async function* visit(looking: Looking, tree: string, path: string, how: How): AsyncGenerator<AffectedFile, boolean> {
  const { table, trees, lost, clean } = looking;
  how.signal.throwIfAborted();
  if (lost.has(tree, TREE)) {
    yield { path: path === '' ? '/' : path, node: undefined, blobs: [tree] };
    return false;
  }
  const entry = table.findText(tree, TREE);
  if (entry >= 0 && clean.has(entry)) return true;
  let isClean = true;
  try {
    for (const node of nodesOf(await trees.read(tree, how), tree)) {
      const below = path === '' ? node.name : `${path}/${node.name}`;
      const blobs = node.content.filter((id) => lost.has(id, DATA));
      if (blobs.length > 0) {
        isClean = false;
        yield { path: below, node, blobs: [...new Set(blobs)] };
      }
      if (node.subtree !== undefined && !(yield* visit(looking, node.subtree, below, how))) isClean = false;
    }
  } catch (error) {
    // It was stored anew a moment ago, or is stored as it was written and is no tree.
    if (!hasCode(error, 'tree.damaged')) throw error;
    isClean = false;
  }
  if (isClean && entry >= 0) clean.add(entry);
  return isClean;
}

/** Finds out what a snapshot needs that the other repository lacks. */
import { eachConcurrently } from '../../../base/limit.ts';
import type { How } from '../../engine.ts';
import { blobRanges } from '../blob-ranges.ts';
import { type BlobTable, type BlobType, DATA, TREE } from '../blob-table.ts';
import type { EntrySet } from '../entry-set.ts';
import { damaged } from '../format/damaged.ts';
import { idText } from '../format/id.ts';
import { nodesOf } from '../format/tree.ts';
import { readRange } from '../read-range.ts';
import type { Repository } from '../repository.ts';

export interface Searching {
  /** The repository that is read, and its index. */
  readonly from: Repository;
  readonly table: BlobTable;
  /** The index of the one that is written: what is missing is claimed in it. */
  readonly target: BlobTable;
  /** Entries that were looked at before: what they lead to is there, or claimed. */
  readonly seen: EntrySet;
  /** Takes a tree that is missing. */
  readonly save: (tree: Uint8Array) => Promise<unknown>;
  readonly onTrees: (trees: number) => void;
}

/** Trees that are read together; sorted by place, they need few reads. */
const BATCH_TREES = 2048;

/**
 * Walks all trees below `root`: a run that was killed may have stored a tree and not what it names. Returns the entries of the data blobs that are
 * missing. Throws `tree.damaged` or `repository.damaged` when a tree can not be read.
 */
export async function findMissing(searching: Searching, root: string, how: How): Promise<number[]> {
  const { from, table, target, seen, save, onTrees } = searching;
  const missing: number[] = [];
  const pending: number[] = [];
  const want = (id: string, type: BlobType, by: string): void => {
    const entry = table.findText(id, type);
    if (entry < 0) throw lost(id, type, by);
    if (!seen.add(entry)) return;
    if (type === TREE) pending.push(entry);
    else if (target.claim(table.idOf(entry), DATA)) missing.push(entry);
  };
  want(root, TREE, 'the snapshot');
  let trees = 0;
  while (pending.length > 0) {
    const ranges = blobRanges(table, pending.splice(-BATCH_TREES));
    await eachConcurrently(ranges, from.store.traits.connections, how.signal, async (range, signal) => {
      for (const [at, tree] of (await readRange(from, table, range, { signal })).entries()) {
        const id = table.idOf(range.entries[at]!);
        for (const { content, subtree } of nodesOf(tree, idText(id))) {
          for (const blob of content) want(blob, DATA, `tree ${idText(id)}`);
          if (subtree !== undefined) want(subtree, TREE, `tree ${idText(id)}`);
        }
        if (target.find(id, TREE) < 0) await save(tree);
        trees += 1;
      }
      onTrees(trees);
    });
  }
  return missing;
}

function lost(id: string, type: BlobType, by: string): Error {
  return damaged(`${type === TREE ? 'tree' : 'blob'} ${id}`, `${by} needs it, but no index file names it`);
}

/** Finds out which blobs are needed: all trees that snapshots lead to, and the data that those trees name. */
import { eachConcurrently } from '../../base/limit.ts';
import type { How } from '../engine.ts';
import { blobRanges } from './blob-ranges.ts';
import { type BlobTable, type BlobType, DATA, TREE } from './blob-table.ts';
import { createEntrySet, type EntrySet } from './entry-set.ts';
import { damaged } from './format/damaged.ts';
import { idText } from './format/id.ts';
import { nodesOf } from './format/tree.ts';
import { readRange } from './read-range.ts';
import type { Repository } from './repository.ts';

export interface MarkHow extends How {
  /** Trees that were read before will do. Default: only what is stored now. */
  readonly kept?: 'use' | undefined;
  /** Told how many trees are done. */
  readonly onTrees?: (trees: number) => void;
}

/** Trees that are read together; sorted by place, they need few reads. */
const BATCH_TREES = 2048;

/**
 * The set of the first entries (`table.find`) of all blobs that the trees `roots` lead to. Throws `tree.damaged` or
 * `repository.damaged` when one of them is missing or can not be read: then nobody knows what is needed.
 */
export async function markUsed(
  repository: Repository,
  table: BlobTable,
  roots: Iterable<string>,
  how: MarkHow,
): Promise<EntrySet> {
  const used = createEntrySet(table.count);
  const pending: number[] = [];
  const want = (id: string, type: BlobType, from: string): void => {
    const entry = table.findText(id, type);
    if (entry < 0) throw missing(id, type, from);
    if (used.add(entry) && type === TREE) pending.push(entry);
  };
  for (const root of roots) want(root, TREE, 'a snapshot');
  let trees = 0;
  while (pending.length > 0) {
    const ranges = blobRanges(table, pending.splice(-BATCH_TREES));
    await eachConcurrently(ranges, repository.store.traits.connections, how.signal, async (range, signal) => {
      const blobs = await readRange(repository, table, range, { signal, kept: how.kept });
      blobs.forEach((tree, at) => {
        markNodes(tree, idText(table.idOf(range.entries[at]!)), want);
      });
      trees += blobs.length;
      how.onTrees?.(trees);
    });
  }
  return used;
}

function markNodes(tree: Uint8Array, id: string, want: (id: string, type: BlobType, from: string) => void): void {
  const from = `tree ${id}`;
  for (const { content, subtree } of nodesOf(tree, id)) {
    for (const blob of content) want(blob, DATA, from);
    if (subtree !== undefined) want(subtree, TREE, from);
  }
}

function missing(id: string, type: BlobType, from: string): Error {
  return damaged(`${type === TREE ? 'tree' : 'blob'} ${id}`, `${from} needs it, but no index file names it`);
}

/** Reads every tree that snapshots lead to, once, and looks up every blob that the trees name. */
import { messageOf, SuretyError } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { How } from '../../engine.ts';
import { type BlobRange, blobRanges } from '../blob-ranges.ts';
import { type BlobTable, type BlobType, DATA, TREE } from '../blob-table.ts';
import type { CarefulReader } from '../copies.ts';
import { createEntrySet, type EntrySet } from '../entry-set.ts';
import { idText } from '../format/id.ts';
import { nodesOf } from '../format/tree.ts';
import { packKey } from '../pack-key.ts';
import { openBlob } from '../read-blob.ts';
import type { Repository } from '../repository.ts';

export interface CheckedTrees {
  /** First entries of all blobs that are needed. */
  readonly used: EntrySet;
  /** Blobs that are needed and in no index, by id. */
  readonly missing: ReadonlyMap<string, BlobType>;
  /** Trees that are stored as they were written, but are no trees. */
  readonly invalid: ReadonlyMap<number, string>;
}

export interface TreeTools {
  readonly repository: Repository;
  readonly table: BlobTable;
  /** Remembers the places that can not be read. */
  readonly careful: CarefulReader;
}

/** Trees that are read together; sorted by place, they need few reads. */
const BATCH_TREES = 2048;

export async function checkTrees(
  tools: TreeTools,
  roots: Iterable<string>,
  how: How & { readonly onTrees: (trees: number) => void },
): Promise<CheckedTrees> {
  const { repository, table } = tools;
  const used = createEntrySet(table.count);
  const missing = new Map<string, BlobType>();
  const invalid = new Map<number, string>();
  const pending: number[] = [];
  const want = (id: string, type: BlobType): void => {
    const entry = table.findText(id, type);
    if (entry < 0) missing.set(id, type);
    else if (used.add(entry) && type === TREE) pending.push(entry);
  };
  for (const root of roots) want(root, TREE);
  let trees = 0;
  while (pending.length > 0) {
    const ranges = blobRanges(table, pending.splice(-BATCH_TREES));
    await eachConcurrently(ranges, repository.store.traits.connections, how.signal, async (range, signal) => {
      for await (const { entry, tree } of readTrees(tools, range, { signal })) {
        const problem = tree === undefined ? undefined : lookUp(tree, idText(table.idOf(entry)), want);
        if (problem !== undefined) invalid.set(entry, problem);
        trees += 1;
      }
      how.onTrees(trees);
    });
  }
  return { used, missing, invalid };
}

function lookUp(tree: Uint8Array, id: string, want: (id: string, type: BlobType) => void): string | undefined {
  try {
    for (const { content, subtree } of nodesOf(tree, id)) {
      for (const blob of content) want(blob, DATA);
      if (subtree !== undefined) want(subtree, TREE);
    }
    return undefined;
  } catch (error) {
    if (error instanceof SuretyError) return messageOf(error);
    throw error;
  }
}

interface ReadTree {
  readonly entry: number;
  /** Undefined when no copy can be read. */
  readonly tree: Uint8Array | undefined;
}

async function* readTrees(tools: TreeTools, range: BlobRange, how: How): AsyncGenerator<ReadTree> {
  const { repository, table } = tools;
  const bytes = await readRange(tools, range, how);
  for (const entry of range.entries) {
    const from = table.offsetOf(entry) - range.offset;
    const sealed = bytes?.subarray(from, from + table.lengthOf(entry));
    const id = table.idOf(entry);
    const tree = sealed === undefined ? undefined : openBlob(repository.sealer, sealed, table.rawLengthOf(entry), id);
    if (tree !== undefined && typeof tree !== 'string') yield { entry, tree };
    else yield { entry, tree: await readCarefully(tools, entry, how) };
  }
}

/** Undefined when the pack is missing or too short; then each tree is looked for by itself. */
async function readRange(
  { repository, table }: TreeTools,
  { entries, offset, length }: BlobRange,
  how: How,
): Promise<Uint8Array | undefined> {
  try {
    return await repository.store.read(packKey(table, table.packOf(entries[0]!)), { offset, length }, how);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

async function readCarefully({ careful }: TreeTools, entry: number, how: How): Promise<Uint8Array | undefined> {
  try {
    return await careful.read(entry, how);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

const DAMAGE = ['repository.damaged', 'store.not-found', 'store.incomplete'];

function isDamage(error: unknown): boolean {
  return error instanceof SuretyError && DAMAGE.includes(error.code);
}

/** Takes lost data from the content of files as it is elsewhere: in repositories that cut it differently, or where it was read in the first place. */
import type { HealFrom, How, Snapshot } from '../../engine.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import { type Chunker, createChunker, MAX_CHUNK_BYTES } from '../chunker.ts';
import { createEntrySet } from '../entry-set.ts';
import type { Node } from '../format/node.ts';
import type { Repository } from '../repository.ts';
import { repositoryGear } from '../repository-gear.ts';
import { openTreeReader } from '../tree-reader.ts';
import { affectedFiles } from './affected-files.ts';
import { cutContent, piecesOf } from './cut-content.ts';
import type { LostBlobs } from './lost-blobs.ts';
import { plainLength } from './salvage.ts';

export interface ContentWork {
  readonly repository: Repository;
  readonly table: BlobTable;
  /** The newest first: their files are most likely still there. */
  readonly snapshots: readonly Snapshot[];
  readonly lost: LostBlobs;
  readonly found: (from: string, id: string, plain: Uint8Array) => Promise<void>;
  /** A place failed: nothing more is asked of it for this snapshot. */
  readonly failed: (from: string, error: unknown) => void;
}

/** Files that are asked for together. */
const FILES_AT_ONCE = 4096;

export async function takeFromContents(work: ContentWork, from: HealFrom, how: How): Promise<void> {
  const { repository, table, snapshots, lost } = work;
  if (from.contents === undefined || !hasData(lost)) return;
  const chunker = lazyChunker(repository);
  const looking = { table, lost, trees: openTreeReader(repository, table), clean: createEntrySet(table.count) };
  for (const snapshot of snapshots) {
    let batch = new Map<string, Node>();
    for await (const { path, node } of affectedFiles(looking, snapshot, how)) {
      if (node !== undefined) batch.set(path, node);
      if (batch.size < FILES_AT_ONCE) continue;
      await takeBatch(work, from, snapshot, batch, chunker, how);
      batch = new Map();
    }
    if (batch.size > 0) await takeBatch(work, from, snapshot, batch, chunker, how);
    if (!hasData(lost)) return;
  }
}

function hasData(lost: LostBlobs): boolean {
  for (const { type } of lost) if (type === DATA) return true;
  return false;
}

/** The chunker of this repository's files. */
function lazyChunker(repository: Repository): () => Chunker {
  let chunker: Chunker | undefined;
  return () => {
    chunker ??= createChunker(repositoryGear(repository), MAX_CHUNK_BYTES);
    return chunker;
  };
}

async function takeBatch(
  work: ContentWork,
  from: HealFrom,
  snapshot: Snapshot,
  files: ReadonlyMap<string, Node>,
  chunker: () => Chunker,
  how: How,
): Promise<void> {
  const asked = new Map(Array.from(files, ([path, { sizeBytes, mtimeNs }]) => [path, { sizeBytes, mtimeNs }] as const));
  const pieces = piecesFrom(work, from, snapshot, files, asked, chunker, how);
  try {
    for (;;) {
      // Only what the other place does is its failure; what storing throws is ours.
      const next = await pieces.next().catch((error: unknown) => {
        how.signal.throwIfAborted();
        work.failed(from.name, error);
        return { done: true, value: undefined } as const;
      });
      if (next.done === true) return;
      await work.found(from.name, next.value.id, next.value.bytes);
    }
  } finally {
    await pieces.return();
  }
}

async function* piecesFrom(
  { table, lost }: ContentWork,
  from: HealFrom,
  snapshot: Snapshot,
  files: ReadonlyMap<string, Node>,
  asked: ReadonlyMap<string, Pick<Node, 'sizeBytes' | 'mtimeNs'>>,
  chunker: () => Chunker,
  how: How,
): AsyncGenerator<{ readonly id: string; readonly bytes: Uint8Array }, void, undefined> {
  const lengthOf = (id: string): number | undefined => {
    const entry = table.findText(id, DATA);
    return entry >= 0 && table.isStored(entry) ? plainLength(table, entry) : lost.lengthOf(id, DATA);
  };
  for await (const { path, chunks } of from.contents!({ snapshot, files: asked }, how)) {
    const node = files.get(path);
    const isWanted = (id: string) => lost.has(id, DATA);
    // Another file may have had the same pieces.
    if (node === undefined || !node.content.some(isWanted)) continue;
    yield* cutContent(chunks, piecesOf(node.content, node.sizeBytes, lengthOf, isWanted), chunker);
  }
}

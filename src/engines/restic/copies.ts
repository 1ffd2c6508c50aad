/** The other places of blobs that are stored more than once: where to look when the first one is damaged or missing. */
import type { How } from '../engine.ts';
import { type BlobTable, type BlobType, TREE } from './blob-table.ts';
import { damaged } from './format/damaged.ts';
import { idText } from './format/id.ts';
import { packKey } from './pack-key.ts';
import { readEntry } from './read-blob.ts';
import type { Repository } from './repository.ts';

export interface Copies {
  /** All places of the blob whose first entry is `entry`, that one first. */
  of(entry: number): readonly number[];
}

/** The whole table is looked through at the first question; there is none as long as nothing is damaged. */
export function findCopies(table: BlobTable): Copies {
  let others: Map<number, number[]> | undefined;
  return {
    of(entry) {
      others ??= collect(table);
      return others.get(entry) ?? [entry];
    },
  };
}

function collect(table: BlobTable): Map<number, number[]> {
  const others = new Map<number, number[]>();
  for (let entry = 0; entry < table.count; entry++) {
    if (!table.isStored(entry)) continue;
    const first = table.find(table.idOf(entry), table.typeOf(entry));
    if (first === entry) continue;
    const known = others.get(first);
    if (known === undefined) others.set(first, [first, entry]);
    else known.push(entry);
  }
  return others;
}

/** Names a blob for people. */
export function blobName(id: Uint8Array, type: BlobType): string {
  return `${type === TREE ? 'tree' : 'blob'} ${idText(id).slice(0, 16)}`;
}

export interface CarefulReader {
  /**
   * The plain blob whose first entry is `entry`, from whichever of its copies is good. Throws `repository.damaged`, naming
   * the file of the repository, when there is none.
   */
  read(entry: number, how: How): Promise<Uint8Array>;
}

/**
 * Reads blobs that could not be had in the ordinary way. A place that is found bad (after a second look: the first time it may
 * have been the way here) is remembered, so that many files with one lost blob cost no more than one. `onBad` is told of each.
 */
export function openCarefulReader(
  repository: Repository,
  table: BlobTable,
  copies: Copies,
  onBad: (entry: number, why: string) => void = () => {},
): CarefulReader {
  const bad = new Map<number, string>();

  async function tryEntry(entry: number, how: How): Promise<Uint8Array | string> {
    const known = bad.get(entry);
    if (known !== undefined) return known;
    const found = await readEntry(repository, table, entry, how);
    const again = typeof found === 'string' ? await readEntry(repository, table, entry, how) : found;
    if (typeof again !== 'string') return again;
    bad.set(entry, again);
    onBad(entry, again);
    return again;
  }

  return {
    async read(entry, how) {
      let why: string | undefined;
      for (const copy of copies.of(entry)) {
        const found = await tryEntry(copy, how);
        if (typeof found !== 'string') return found;
        why ??= found;
      }
      throw damaged(packKey(table, table.packOf(entry)), `${blobName(table.idOf(entry), table.typeOf(entry))}: ${why}`);
    },
  };
}

/** The entries of a table by the pack they stand in. */
import type { BlobTable } from './blob-table.ts';
import type { PackEntry } from './format/pack.ts';

export interface PackEntries {
  /** Entry numbers of a pack, in the order of their offsets. */
  of(pack: number): Uint32Array;
}

/** Counts first and places then, so that it needs two arrays and no objects. */
export function groupByPack(table: BlobTable): PackEntries {
  const { count, packCount } = table;
  const starts = new Uint32Array(packCount + 1);
  for (let entry = 0; entry < count; entry++) if (table.isStored(entry)) starts[table.packOf(entry) + 1]! += 1;
  for (let pack = 0; pack < packCount; pack++) starts[pack + 1]! += starts[pack]!;
  const entries = new Uint32Array(starts[packCount]!);
  const next = starts.slice();
  for (let entry = 0; entry < count; entry++) {
    if (table.isStored(entry)) entries[next[table.packOf(entry)]!++] = entry;
  }
  return {
    of: (pack) =>
      entries.subarray(starts[pack]!, starts[pack + 1]!).sort((a, b) => table.offsetOf(a) - table.offsetOf(b)),
  };
}

/** An entry of the table as pack headers and index files have it. */
export function packEntry(table: BlobTable, entry: number): PackEntry {
  const { type, offset, length, rawLength } = table.location(entry);
  return { id: table.idOf(entry), type, offset, length, rawLength };
}

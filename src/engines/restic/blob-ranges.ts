/** Puts blobs that stand near each other in a pack into one read. */
import type { BlobTable } from './blob-table.ts';

export interface BlobRange {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  /** Entries of the table in it, in the order they stand. */
  readonly entries: readonly number[];
}

/** A gap up to this size is read along: that is cheaper than another request. */
const GAP_BYTES = 128 * 1024;
const RANGE_BYTES = 4 * 1024 * 1024;

/** Ranges of up to `rangeBytes` (default 4 MiB) that cover all `entries`, in the order of packs and offsets. */
export function blobRanges(table: BlobTable, entries: Iterable<number>, rangeBytes = RANGE_BYTES): BlobRange[] {
  const sorted = Array.from(entries).sort(
    (a, b) => table.packOf(a) - table.packOf(b) || table.offsetOf(a) - table.offsetOf(b),
  );
  const ranges: BlobRange[] = [];
  let group: number[] = [];
  for (const entry of sorted) {
    if (group.length > 0 && !joins(table, group, entry, rangeBytes)) {
      ranges.push(rangeOf(table, group));
      group = [];
    }
    group.push(entry);
  }
  if (group.length > 0) ranges.push(rangeOf(table, group));
  return ranges;
}

function joins(table: BlobTable, group: readonly number[], entry: number, rangeBytes: number): boolean {
  const first = group[0]!;
  const last = group[group.length - 1]!;
  if (table.packOf(first) !== table.packOf(entry)) return false;
  const gap = table.offsetOf(entry) - table.offsetOf(last) - table.lengthOf(last);
  const length = table.offsetOf(entry) + table.lengthOf(entry) - table.offsetOf(first);
  return gap <= GAP_BYTES && length <= rangeBytes;
}

function rangeOf(table: BlobTable, entries: readonly number[]): BlobRange {
  const first = entries[0]!;
  const offset = table.offsetOf(first);
  const end = Math.max(...entries.map((entry) => table.offsetOf(entry) + table.lengthOf(entry)));
  return { pack: table.packOf(first), offset, length: end - offset, entries };
}

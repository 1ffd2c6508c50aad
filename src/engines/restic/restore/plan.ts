/** Orders the content of a batch of files by where it stands in the repository, and divides it into reads. */
import type { BlobTable } from '../blob-table.ts';
import type { ContentHandle } from '../restored-entry.ts';
import { SEAL_OVERHEAD } from '../seal.ts';
import type { Available } from './available.ts';

/** A gap up to this size is read along: that is cheaper than another request. */
const GAP_BYTES = 256 * 1024;
/** Large enough to make requests and messages few (a usual pack takes three), small enough for several to be in memory. */
export const READ_BYTES = 6 * 1024 * 1024;
/** A task is divided also by what it writes: one blob may have thousands of uses. */
const READ_USES = 512;

/** Where every blob of some files goes. A use is one blob at one place of one file; its columns stand in these arrays. */
export interface Uses {
  readonly count: number;
  readonly entries: Int32Array;
  readonly files: Int32Array;
  readonly positions: Float64Array;
  /** Numbers of the uses in the order of packs and offsets. */
  readonly order: Uint32Array;
  /** Uses of each file; -1 for a file of which a blob is not to be had. */
  readonly perFile: Int32Array;
  /** Size of each file by its blobs. */
  readonly sizes: Float64Array;
}

/** One read of a pack, with the uses (from, to in the order) it serves. */
export interface Read {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

/** The uses that one read serves, in the order of their blobs, and their files. */
export interface WantedUses {
  readonly uses: readonly number[];
  readonly files: readonly number[];
}

export function planUses(contents: readonly ContentHandle[], table: BlobTable, available: Available): Uses {
  const room = contents.reduce((sum, ids) => sum + ids.length, 0);
  const entries = new Int32Array(room);
  const files = new Int32Array(room);
  const positions = new Float64Array(room);
  const perFile = new Int32Array(contents.length);
  const sizes = new Float64Array(contents.length);
  let count = 0;
  contents.forEach((ids, file) => {
    const first = count;
    for (const id of ids) {
      const entry = available.find(id);
      if (entry < 0) {
        count = first;
        perFile[file] = -1;
        return;
      }
      entries[count] = entry;
      files[count] = file;
      positions[count] = sizes[file]!;
      sizes[file]! += plainLength(table, entry);
      count += 1;
    }
    perFile[file] = ids.length;
  });
  return { count, entries, files, positions, order: orderOf(entries, count, table), perFile, sizes };
}

/** Length of the plain blob. */
function plainLength(table: BlobTable, entry: number): number {
  return table.rawLengthOf(entry) || table.lengthOf(entry) - SEAL_OVERHEAD;
}

function orderOf(entries: Int32Array, count: number, table: BlobTable): Uint32Array {
  // A pack's number and an offset in it fit the 53 bits of a number together.
  const places = new Float64Array(count);
  const order = new Uint32Array(count);
  for (let use = 0; use < count; use++) {
    places[use] = table.packOf(entries[use]!) * 2 ** 32 + table.offsetOf(entries[use]!);
    order[use] = use;
  }
  return order.sort((a, b) => places[a]! - places[b]! || a - b);
}

/** The reads that serve all uses, in order. A blob with very many uses is read several times, so that workers share it. */
export function* readsOf({ count, entries, order }: Uses, table: BlobTable): Generator<Read> {
  let from = 0;
  while (from < count) {
    const first = entries[order[from]!]!;
    const pack = table.packOf(first);
    const offset = table.offsetOf(first);
    let end = offset + table.lengthOf(first);
    let to = from + 1;
    for (; to < count && to - from < READ_USES; to++) {
      const entry = entries[order[to]!]!;
      const next = table.offsetOf(entry);
      const nextEnd = next + table.lengthOf(entry);
      if (
        table.packOf(entry) !== pack ||
        next - end > GAP_BYTES ||
        nextEnd - offset > Math.max(READ_BYTES, end - offset)
      )
        break;
      end = Math.max(end, nextEnd);
    }
    yield { pack, offset, length: end - offset, from, to };
    from = to;
  }
}

/** Copies needed blobs to new packs. They stay sealed as they are: only what they are is checked. */
import { eachConcurrently } from '../../base/limit.ts';
import type { How } from '../engine.ts';
import { type BlobRange, blobRanges } from './blob-ranges.ts';
import { type BlobTable, DATA, TREE } from './blob-table.ts';
import { packKey } from './pack-key.ts';
import { type Lane, openLane } from './pack-lane.ts';
import { PackStore, type PackTotals } from './pack-store.ts';
import { openBlob, readBlob } from './read-blob.ts';
import type { Repository } from './repository.ts';

export interface RepackHow extends How {
  /** Told the bytes copied so far. */
  readonly onBytes?: (sizeBytes: number) => void;
}

/** Each range and each pack being stored takes memory, so few are under way at once. */
const RANGES_AT_ONCE = 2;

/**
 * Stores copies of `entries` in new packs and an index of these. Every blob is authenticated and compared with its id before it is
 * copied; throws `repository.damaged` or `tree.damaged` when one is bad everywhere, and then the old packs are all still there.
 */
export async function repack(
  repository: Repository,
  table: BlobTable,
  entries: Iterable<number>,
  how: RepackHow,
): Promise<PackTotals> {
  const packs = new PackStore(repository, how);
  const lanes = [openLane(repository, packs, DATA), openLane(repository, packs, TREE)] as const;
  let copiedBytes = 0;
  await eachConcurrently(blobRanges(table, entries), RANGES_AT_ONCE, how.signal, async (range, signal) => {
    await copyRange(repository, table, range, lanes, { signal });
    copiedBytes += range.length;
    how.onBytes?.(copiedBytes);
  });
  for (const lane of lanes) await lane.finish();
  await packs.flush();
  return packs.totals;
}

async function copyRange(
  repository: Repository,
  table: BlobTable,
  range: BlobRange,
  lanes: readonly [Lane, Lane],
  how: How,
): Promise<void> {
  const key = packKey(table, range.pack);
  const bytes = await repository.store.read(key, { offset: range.offset, length: range.length }, how);
  for (const entry of range.entries) {
    const { type, offset, length, rawLength } = table.location(entry);
    const sealed = bytes.subarray(offset - range.offset, offset - range.offset + length);
    const id = table.idOf(entry);
    // Opening overwrites what is opened, and what is copied is the sealed blob.
    const isGood = typeof openBlob(repository.sealer, sealed.slice(), rawLength, id) !== 'string';
    const lane = lanes[type];
    if (isGood) await lane.addSealed(id, sealed, rawLength);
    else await lane.add(id, await readBlob(repository, table, id, type, how));
  }
}

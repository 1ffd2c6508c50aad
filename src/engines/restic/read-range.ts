/** Reads several blobs of a pack at once. */
import { hasCode } from '../../base/errors.ts';
import type { How } from '../../stores/store.ts';
import type { BlobRange } from './blob-ranges.ts';
import type { BlobTable } from './blob-table.ts';
import { packKey } from './pack-key.ts';
import { openBlob, readBlob } from './read-blob.ts';
import type { Repository } from './repository.ts';

/**
 * The plain blobs of a range, checked, in the order of its entries. One that is damaged there is taken from another copy; throws
 * what `readBlob` throws when there is none.
 */
export async function readRange(
  repository: Repository,
  table: BlobTable,
  range: BlobRange,
  how: How,
): Promise<Uint8Array[]> {
  const bytes = await readBytes(repository, table, range, how);
  const blobs: Uint8Array[] = [];
  for (const entry of range.entries) {
    const from = table.offsetOf(entry) - range.offset;
    // A view of the range would be overwritten, and keep all of it in memory as long as one blob is used.
    const sealed = bytes?.slice(from, from + table.lengthOf(entry));
    const id = table.idOf(entry);
    const plain = sealed === undefined ? undefined : openBlob(repository.sealer, sealed, table.rawLengthOf(entry), id);
    const isGood = plain !== undefined && typeof plain !== 'string';
    if (!isGood && how.kept === 'use') return await readRange(repository, table, range, { ...how, kept: 'replace' });
    blobs.push(isGood ? plain : await readBlob(repository, table, id, table.typeOf(entry), how));
  }
  return blobs;
}

/** Undefined when the pack is missing or shorter than the index says; then each blob is looked for by itself. */
export async function readBytes(
  repository: Repository,
  table: BlobTable,
  { pack, offset, length }: BlobRange,
  how: How,
): Promise<Uint8Array | undefined> {
  try {
    return await repository.store.read(packKey(table, pack), { offset, length }, how);
  } catch (error) {
    if (hasCode(error, 'store.not-found', 'store.incomplete')) return undefined;
    throw error;
  }
}

/** Reads single blobs. Every blob is checked against its id before it is used. */
import { hasCode } from '../../base/errors.ts';
import type { How } from '../../stores/store.ts';
import { type BlobTable, type BlobType, TREE } from './blob-table.ts';
import { damaged } from './format/damaged.ts';
import { idText } from './format/id.ts';
import { packKey } from './pack-key.ts';
import type { Repository } from './repository.ts';
import type { Sealer } from './seal.ts';
import { sha256 } from './sha256.ts';
import { decompressInto } from './zstd.ts';

/**
 * The plain blob in sealed bytes, or a text that says what is wrong with them. `rawLength` is 0 for a blob that is not
 * compressed. The sealed bytes are overwritten.
 */
export function openBlob(sealer: Sealer, sealed: Uint8Array, rawLength: number, id: Uint8Array): Uint8Array | string {
  const opened = sealer.openInPlace(sealed);
  if (opened === undefined) return 'its bytes are not authentic';
  let plain = opened;
  if (rawLength > 0) {
    plain = new Uint8Array(rawLength);
    if (!decompressInto(plain, opened)) return 'it can not be decompressed';
  }
  return sha256(plain).equals(id) ? plain : 'its content does not fit its id';
}

/**
 * One blob, from whichever of its copies is good. Throws `repository.damaged` (`tree.damaged` for trees) when the index does not know it or no
 * copy can be read.
 */
export async function readBlob(
  repository: Repository,
  table: BlobTable,
  id: Uint8Array,
  type: BlobType,
  how: How,
): Promise<Uint8Array> {
  const first = table.find(id, type);
  if (first < 0 || !table.isStored(first)) throw damaged(nameOf(id, type), 'the index does not know it');
  const found = await readEntry(repository, table, first, how);
  if (typeof found !== 'string') return found;
  // It may have been what is kept on this machine that was bad.
  if (how.kept === 'use') return await readBlob(repository, table, id, type, { ...how, kept: 'replace' });
  for (const entry of table.copies(id, type).slice(1)) {
    const other = await readEntry(repository, table, entry, how);
    if (typeof other !== 'string') return other;
  }
  throw damaged(nameOf(id, type), `${found} (${packKey(table, table.packOf(first))})`);
}

/** The blob at one place, or a text that says what is wrong there. */
export async function readEntry(
  repository: Repository,
  table: BlobTable,
  entry: number,
  how: How,
): Promise<Uint8Array | string> {
  const { pack, offset, length, rawLength } = table.location(entry);
  try {
    const sealed = await repository.store.read(packKey(table, pack), { offset, length }, how);
    return openBlob(repository.sealer, sealed, rawLength, table.idOf(entry));
  } catch (error) {
    if (hasCode(error, 'store.not-found')) return 'the file is missing';
    if (hasCode(error, 'store.incomplete')) return 'the file ends too early';
    throw error;
  }
}

function nameOf(id: Uint8Array, type: BlobType): string {
  return type === TREE ? `tree ${idText(id)}` : `blob ${idText(id)}`;
}

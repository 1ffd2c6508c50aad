/** The header at the end of a pack: which blobs it holds. `blobs ‖ sealed header ‖ uint32-LE length of the sealed header`. */
import { type BlobType, DATA, TREE } from '../blob-table.ts';
import { SEAL_OVERHEAD, type Sealer } from '../seal.ts';
import { damaged } from './damaged.ts';
import { ID_BYTES } from './id.ts';

export interface PackEntry {
  readonly type: BlobType;
  readonly id: Uint8Array;
  readonly offset: number;
  /** Stored (sealed) length. */
  readonly length: number;
  /** Length of the plain blob when it is compressed, else 0. */
  readonly rawLength: number;
}

/** What a blob takes in the header. */
export const PLAIN_ENTRY_BYTES = 1 + 4 + ID_BYTES;
export const COMPRESSED_ENTRY_BYTES = PLAIN_ENTRY_BYTES + 4;
/** The length field at the very end. */
export const LENGTH_BYTES = 4;
/** restic reads no larger sealed header. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** Bytes that one blob adds to the header. */
export function entryBytes(rawLength: number): number {
  return rawLength === 0 ? PLAIN_ENTRY_BYTES : COMPRESSED_ENTRY_BYTES;
}

/** Size of a pack's sealed header and length field around its entries. */
export const HEADER_OVERHEAD = SEAL_OVERHEAD + LENGTH_BYTES;

/** The header's plaintext for blobs that stand one after another from offset 0. */
export function encodePackHeader(entries: readonly PackEntry[]): Uint8Array {
  const header = Buffer.alloc(entries.reduce((sum, entry) => sum + entryBytes(entry.rawLength), 0));
  let at = 0;
  for (const { type, id, length, rawLength } of entries) {
    at = header.writeUInt8((type === TREE ? 1 : 0) + (rawLength === 0 ? 0 : 2), at);
    at = header.writeUInt32LE(length, at);
    if (rawLength !== 0) at = header.writeUInt32LE(rawLength, at);
    header.set(id, at);
    at += ID_BYTES;
  }
  return header;
}

/** The sealed header with its length field: the end of a pack. */
export function sealPackHeader(entries: readonly PackEntry[], sealer: Sealer): Uint8Array {
  const sealed = sealer.seal(encodePackHeader(entries));
  const tail = Buffer.alloc(sealed.length + LENGTH_BYTES);
  tail.set(sealed);
  tail.writeUInt32LE(sealed.length, sealed.length);
  return tail;
}

/** The sealed header's length as the last four bytes say it, checked against the file's size. */
export function packHeaderLength(lastFour: Uint8Array, fileBytes: number, key: string): number {
  const length = new DataView(lastFour.buffer, lastFour.byteOffset, LENGTH_BYTES).getUint32(0, true);
  const fits = length >= SEAL_OVERHEAD + PLAIN_ENTRY_BYTES && length <= fileBytes - LENGTH_BYTES - SEAL_OVERHEAD;
  if (!fits || length > MAX_HEADER_BYTES) throw damaged(key, `its header can not have ${length} bytes`);
  return length;
}

/** The entries of a header's plaintext. The lengths must come to exactly the file's size. */
export function decodePackHeader(header: Uint8Array, fileBytes: number, key: string): PackEntry[] {
  const view = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const entries: PackEntry[] = [];
  let offset = 0;
  for (let at = 0; at < view.length; ) {
    const kind = view[at]!;
    if (kind > 3) throw damaged(key, `its header names the unknown kind ${kind} of blob`);
    const compressed = kind >= 2;
    const end = at + (compressed ? COMPRESSED_ENTRY_BYTES : PLAIN_ENTRY_BYTES);
    if (end > view.length) throw damaged(key, 'its header ends too early');
    const length = view.readUInt32LE(at + 1);
    const rawLength = compressed ? view.readUInt32LE(at + 5) : 0;
    if (length < SEAL_OVERHEAD || (compressed && rawLength === 0)) throw damaged(key, 'a blob in it has no length');
    entries.push({
      type: (kind & 1) === 1 ? TREE : DATA,
      id: view.subarray(end - ID_BYTES, end),
      offset,
      length,
      rawLength,
    });
    offset += length;
    at = end;
  }
  const expected = offset + view.length + HEADER_OVERHEAD;
  if (expected !== fileBytes) throw damaged(key, `its header describes ${expected} bytes but it has ${fileBytes}`);
  return entries;
}

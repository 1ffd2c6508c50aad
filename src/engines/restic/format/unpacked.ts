/**
 * Files of one JSON document (snapshots, indexes, locks): plain JSON in format 1, and in format 2 a byte 2 followed by the document in
 * zstd. Both may stand in one repository. The `config` file is always plain.
 */
import { compress, decompress } from '../zstd.ts';
import { damaged } from './damaged.ts';

const COMPRESSED = 2;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;
/** Far more than restic lets an index become. */
const MAX_DOCUMENT_BYTES = 1 << 29;

export function encodeUnpacked(json: string | Uint8Array, version: number, level: number): Uint8Array {
  const plain = typeof json === 'string' ? Buffer.from(json, 'utf8') : json;
  if (version < 2) return plain;
  const packed = compress(plain, level);
  const document = new Uint8Array(packed.length + 1);
  document[0] = COMPRESSED;
  document.set(packed, 1);
  return document;
}

/** The JSON document of a file's plaintext. `key` is for messages. */
export function decodeUnpacked(plain: Uint8Array, key: string): Uint8Array {
  const first = plain[0];
  if (first === OPEN_LIST || first === OPEN_OBJECT) return plain;
  if (first !== COMPRESSED)
    throw damaged(key, first === undefined ? 'it is empty' : `its encoding ${first} is not known`);
  try {
    return decompress(plain.subarray(1), MAX_DOCUMENT_BYTES);
  } catch (error) {
    throw damaged(key, 'it can not be decompressed', error);
  }
}

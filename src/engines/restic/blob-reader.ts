/** Opens sealed blobs one after another in the same memory: for the workers of a restore and a verification. */
import type { Sealer } from './seal.ts';
import { sha256Into } from './sha256.ts';
import { decompressInto } from './zstd.ts';

export interface BlobOpener {
  /**
   * The plain blob in sealed bytes, checked against its id, or a text that says what is wrong with it. `rawLength` is 0 for
   * a blob that is not compressed. The sealed bytes are overwritten, and the result is valid until the next call.
   */
  open(sealed: Uint8Array, rawLength: number, id: Uint8Array): Uint8Array | string;
}

/** What chunks of this program and of restic need at the most; larger ones of others make it grow. */
const FIRST_BYTES = 8 * 1024 * 1024;
const BLOB_BYTES_MAX = 2 ** 31 - 1;

export function createBlobOpener(sealer: Sealer): BlobOpener {
  const digest = Buffer.alloc(32);
  let buffer = new Uint8Array(0);

  function room(sizeBytes: number): Uint8Array {
    if (buffer.length < sizeBytes) buffer = new Uint8Array(Math.max(sizeBytes, FIRST_BYTES));
    return buffer.subarray(0, sizeBytes);
  }

  return {
    open(sealed, rawLength, id) {
      const opened = sealer.openInPlace(sealed);
      if (opened === undefined) return 'its bytes are not authentic';
      if (rawLength > BLOB_BYTES_MAX) return 'it is too large to be a blob';
      const plain = rawLength === 0 ? opened : room(rawLength);
      if (rawLength > 0 && !decompressInto(plain, opened)) return 'it can not be decompressed';
      sha256Into(digest, plain);
      return digest.equals(id) ? plain : 'its content does not fit its id';
    },
  };
}

/**
 * Content-defined chunking with a gear hash, normalised as in FastCDC (W. Xia et al., "FastCDC: a Fast and Efficient
 * Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016). Where chunks end is the writer's business in
 * restic's format: every reader takes them as they are.
 *
 * The gear table is drawn from the repository's own secrets, so that chunk lengths reveal nothing about known content
 * to somebody who sees only the stored sizes.
 */
import { createHmac } from 'node:crypto';
import { compileScan } from './gear-kernel.ts';

export const MIN_CHUNK_BYTES = 512 * 1024;
export const MAX_CHUNK_BYTES = 8 * 1024 * 1024;
const NORMAL_CHUNK_BYTES = 1024 * 1024;

// The top bits of a 32-bit gear hash depend on the last 32 bytes. Below the normal size a cut needs 22 zero bits,
// above it 18: chunks gather round the normal size.
const STRICT_MASK = 0xfffffc00 | 0;
const LOOSE_MASK = 0xffffc000 | 0;

/** WebAssembly memory comes in pages of 64 KiB; the first holds the gear table. */
const PAGE_BYTES = 65_536;

export interface Chunker {
  /** The data to cut is put here by the caller. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /**
   * Where the chunk that begins at `from` in the buffer ends, looking no further than `to`. Returns `to` when no cut is found
   * before it: the caller knows whether that is the end of the content or needs more bytes.
   */
  cut(from: number, to: number): number;
}

/** Secret and stable for a repository: 256 words for {@link createChunker}. */
export function gearTable(secret: Uint8Array): Int32Array {
  const bytes = new Uint8Array(1024);
  for (let block = 0; block < 32; block++) {
    bytes.set(createHmac('sha256', secret).update(`surety gear table ${block}`).digest(), block * 32);
  }
  return new Int32Array(bytes.buffer);
}

/** A chunker with a buffer of `sizeBytes`, a multiple of 64 KiB. */
export function createChunker(gear: Int32Array, sizeBytes: number): Chunker {
  const pages = sizeBytes / PAGE_BYTES + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  new Int32Array(memory.buffer, 0, 256).set(gear);
  const scan = compileScan(memory);
  return {
    buffer: new Uint8Array(memory.buffer, PAGE_BYTES, sizeBytes),
    cut: (from, to) => {
      if (to - from <= MIN_CHUNK_BYTES) return to;
      const end = PAGE_BYTES + from + Math.min(to - from, MAX_CHUNK_BYTES);
      const normal = Math.min(end, PAGE_BYTES + from + NORMAL_CHUNK_BYTES);
      const found = scan(PAGE_BYTES + from + MIN_CHUNK_BYTES, normal, STRICT_MASK);
      return (found < normal || normal === end ? found : scan(normal, end, LOOSE_MASK)) - PAGE_BYTES;
    },
  };
}

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

/** How large chunks become: from half the normal size to eight times as much. */
export interface ChunkShape {
  readonly normalBytes: number;
  /** Zero bits that a cut needs below the normal size, and above it. */
  readonly strictMask: number;
  readonly looseMask: number;
}

/** Of a normal size that is a power of two. */
function shapeOf(normalBytes: number): ChunkShape {
  // The top bits of a 32-bit gear hash depend on the last 32 bytes. Below the normal size a cut needs two zero bits more than
  // the size has, above it two less: chunks gather round the normal size.
  const bits = Math.log2(normalBytes);
  const mask = (zeros: number): number => (0xffff_ffff << (32 - zeros)) | 0;
  return { normalBytes, strictMask: mask(bits + 2), looseMask: mask(bits - 2) };
}

const KIB = 1024;
const GIB = 2 ** 30;

/** Of files: what restic has as well. */
export const FILE_CHUNKS = shapeOf(1024 * KIB);
export const MIN_CHUNK_BYTES = FILE_CHUNKS.normalBytes / 2;
export const MAX_CHUNK_BYTES = FILE_CHUNKS.normalBytes * 8;

/** Of streams, by how far they go at most; the last is for all that comes after. */
const STREAM_SHAPES = [
  [4 * GIB, shapeOf(64 * KIB)],
  [64 * GIB, shapeOf(256 * KIB)],
] as const;

/**
 * Of the part of a stream from `offset` on. Dumps change in small places, so that small chunks save much of the next day (see
 * docs/benchmarks.md); further on they become larger, so that a huge dump is not more chunks than the memory has room for.
 */
export function streamChunks(offset: number): ChunkShape {
  return STREAM_SHAPES.find(([end]) => offset < end)?.[1] ?? FILE_CHUNKS;
}

/** WebAssembly memory comes in pages of 64 KiB; the first holds the gear table. */
const PAGE_BYTES = 65_536;

export interface Chunker {
  /** The data to cut is put here by the caller. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /**
   * Where the chunk that begins at `from` in the buffer ends, looking no further than `to`. Returns `to` when no cut is found
   * before it: the caller knows whether that is the end of the content or needs more bytes.
   */
  cut(from: number, to: number, shape?: ChunkShape): number;
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
    cut: (from, to, { normalBytes, strictMask, looseMask } = FILE_CHUNKS) => {
      const start = PAGE_BYTES + from;
      if (to - from <= normalBytes / 2) return to;
      const end = start + Math.min(to - from, normalBytes * 8);
      const normal = Math.min(end, start + normalBytes);
      const found = scan(start + normalBytes / 2, normal, strictMask);
      return (found < normal || normal === end ? found : scan(normal, end, looseMask)) - PAGE_BYTES;
    },
  };
}

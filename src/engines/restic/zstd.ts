import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { loadNative } from './native.ts';
import { zstdParameters } from './zstd-parameters.ts';

const native = loadNative();

/** Largest content a single blob or file of a repository may decompress to; more is taken for damage. */
const MAX_BYTES = 2 ** 31 - 1;

/** What zstd may need at the most for `sizeBytes` of input (ZSTD_COMPRESSBOUND). */
export function compressBound(sizeBytes: number): number {
  return sizeBytes + (sizeBytes >> 8) + 512;
}

/**
 * Compresses `plain` into `target` from `at` on. Returns the compressed size; the target must have room for
 * {@link compressBound} bytes.
 */
export function compressInto(target: Uint8Array, at: number, plain: Uint8Array, level: number): number {
  if (native !== undefined) {
    const size = native.compress(target.subarray(at), plain, plain.length, level);
    if (size < 0) throw new Error('no room for the compressed data');
    return size;
  }
  const packed = compressWithZlib(plain, level);
  target.set(packed, at);
  return packed.length;
}

/** Compresses `plain` as one zstd frame that carries its content size. */
export function compress(plain: Uint8Array, level: number): Uint8Array {
  if (native === undefined) return compressWithZlib(plain, level);
  const target = new Uint8Array(compressBound(plain.length));
  return target.slice(0, compressInto(target, 0, plain, level));
}

function compressWithZlib(plain: Uint8Array, level: number): Uint8Array {
  return zstdCompressSync(plain, {
    chunkSize: Math.max(64, compressBound(plain.length)),
    pledgedSrcSize: plain.length,
    params: Object.fromEntries(zstdParameters(level)),
  });
}

/**
 * Decompresses `data` into all of `target`. Returns false when it is damaged or does not come to exactly the
 * length of the target.
 */
export function decompressInto(target: Uint8Array, data: Uint8Array): boolean {
  if (native !== undefined) return native.decompress(target, data) === target.length;
  try {
    const plain = zstdDecompressSync(data, { maxOutputLength: Math.max(1, target.length) });
    if (plain.length !== target.length) return false;
    target.set(plain);
    return true;
  } catch {
    return false;
  }
}

/** Decompresses a frame of unknown content size. Throws when it is damaged or larger than `maxBytes`. */
export function decompress(data: Uint8Array, maxBytes = MAX_BYTES): Uint8Array {
  return zstdDecompressSync(data, { maxOutputLength: maxBytes });
}

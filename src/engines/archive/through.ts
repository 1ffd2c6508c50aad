/** Puts a stream of chunks through compression and encryption, and back. */
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import type { Compression } from './options.ts';

export type Chunks = AsyncIterable<Uint8Array>;

const PIECE_BYTES = 1 << 18;

export function compress(chunks: Chunks, compression: Compression, level: number | undefined): Chunks {
  if (compression === 'none') return chunks;
  if (compression === 'gzip') return through(chunks, zlib.createGzip({ level: level ?? 6, chunkSize: PIECE_BYTES }));
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = zlib.constants;
  const params = { [ZSTD_c_compressionLevel]: level ?? 3, [ZSTD_c_checksumFlag]: 1 };
  return through(chunks, zlib.createZstdCompress({ params, chunkSize: PIECE_BYTES }));
}

export function decompress(chunks: Chunks, compression: Compression): Chunks {
  if (compression === 'none') return chunks;
  const options = { chunkSize: PIECE_BYTES };
  return through(chunks, compression === 'gzip' ? zlib.createGunzip(options) : zlib.createZstdDecompress(options));
}

/** What comes out of `stage`. It takes in more only as fast as that is taken. */
async function* through(chunks: Chunks, stage: Duplex): AsyncGenerator<Uint8Array> {
  const done = pipeline(Readable.from(chunks, { highWaterMark: 2 }), stage);
  // Told by the loop; of a stream that is left early nobody wants to know.
  done.catch(() => {});
  try {
    for await (const chunk of stage) yield chunk;
    await done;
  } finally {
    stage.destroy();
    await done.catch(() => {});
  }
}

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { DIRECT_BLOCK_BYTES, isDirectRefused } from '../../base/direct-writes.ts';

/** Each piece is a turn of the thread pool, and waits for the disk; an abort is noticed between two. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** Below this the second open costs more than the page cache. */
const MIN_BYTES = 1024 * 1024;

/**
 * Writes the whole blocks at the start of `bytes` to the existing, empty file `path` without the page cache: what is stored is made
 * durable at once and not read again soon, so a copy in memory costs time and pushes out what other programs keep there.
 * Returns how much was written, 0 where that is not possible: the rest is for the caller to write in the ordinary way.
 */
export async function writeDirect(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<number> {
  const wanted = bytes.length - (bytes.length % DIRECT_BLOCK_BYTES);
  if (constants.O_DIRECT === undefined || wanted < MIN_BYTES) return 0;
  let written = 0;
  try {
    await using file = await open(path, constants.O_WRONLY | constants.O_DIRECT);
    while (written < wanted) {
      signal.throwIfAborted();
      const done = await writePiece(file, bytes, written, Math.min(wanted - written, PIECE_BYTES));
      written += done;
      // A disk that is nearly full takes a part; what follows would not be in whole blocks.
      if (done % DIRECT_BLOCK_BYTES !== 0) break;
    }
  } catch (error) {
    if (!isDirectRefused(error)) throw error;
  }
  return written;
}

async function writePiece(file: FileHandle, bytes: Uint8Array, at: number, length: number): Promise<number> {
  const { bytesWritten } = await file.write(bytes, at, length, at);
  return bytesWritten;
}

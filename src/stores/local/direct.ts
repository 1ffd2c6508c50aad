import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemCode } from '../../base/errors.ts';

/** What every file system that knows O_DIRECT is content with: offsets, lengths and addresses in multiples of it. */
const BLOCK_BYTES = 4096;
/** Each piece is a turn of the thread pool, and waits for the disk; an abort is noticed between two. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** Below this the second open costs more than the page cache. */
const MIN_BYTES = 1024 * 1024;

/** What a file system, or an address that is not a multiple of a block, answers where writing directly is not possible. */
const REFUSALS = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Writes the whole blocks at the start of `bytes` to the existing, empty file `path` without the page cache: what is stored is made
 * durable at once and not read again soon, so a copy in memory costs time and pushes out what other programs keep there.
 * Returns how much was written, 0 where that is not possible: the rest is for the caller to write in the ordinary way.
 */
export async function writeDirect(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<number> {
  const wanted = bytes.length - (bytes.length % BLOCK_BYTES);
  if (constants.O_DIRECT === undefined || wanted < MIN_BYTES) return 0;
  let written = 0;
  try {
    await using file = await open(path, constants.O_WRONLY | constants.O_DIRECT);
    while (written < wanted) {
      signal.throwIfAborted();
      const done = await writePiece(file, bytes, written, Math.min(wanted - written, PIECE_BYTES));
      written += done;
      // A disk that is nearly full takes a part; what follows would not be in whole blocks.
      if (done % BLOCK_BYTES !== 0) break;
    }
  } catch (error) {
    if (!REFUSALS.has(systemCode(error) ?? '')) throw error;
  }
  return written;
}

async function writePiece(file: FileHandle, bytes: Uint8Array, at: number, length: number): Promise<number> {
  const { bytesWritten } = await file.write(bytes, at, length, at);
  return bytesWritten;
}

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { incomplete, notFound, rangeLength, roomFor } from '../body.ts';
import type { How, Range } from '../store.ts';
import type { Root } from './root.ts';

const PIECE_BYTES = 1 << 18;

/** One range of a stored file in one array: one open, one read, one close. */
export async function readFileRange(
  root: Root,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Uint8Array<ArrayBuffer>> {
  await using stored = await openStored(root, key);
  // A wrong range must not allocate what the file does not have.
  const length = rangeLength(key, range, stored.sizeBytes);
  how.signal.throwIfAborted();
  const bytes = roomFor(length, how.into);
  await fill(stored.handle, key, bytes, range?.offset ?? 0);
  how.signal.throwIfAborted();
  return bytes;
}

/** The same in pieces, read as they are consumed. */
export async function* streamFileRange(
  root: Root,
  key: string,
  range: Range | undefined,
  how: How,
): AsyncGenerator<Uint8Array> {
  await using stored = await openStored(root, key);
  const offset = range?.offset ?? 0;
  const end = offset + rangeLength(key, range, stored.sizeBytes);
  for (let at = offset; at < end; at += PIECE_BYTES) {
    how.signal.throwIfAborted();
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
    await fill(stored.handle, key, piece, at);
    yield piece;
  }
}

interface OpenFile extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

async function openStored(root: Root, key: string): Promise<OpenFile> {
  const handle = await openPath(root, key);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw notFound(key, root.path);
    return { handle, sizeBytes: found.size, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openPath(root: Root, key: string): Promise<FileHandle> {
  try {
    // A fifo of that name must not make the open wait for a writer.
    return await open(join(root.path, key), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!isAbsence(error)) throw error;
    await root.require();
    throw notFound(key, root.path, error);
  }
}

/** Whether a native error says that there is no such file. */
export function isAbsence(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function fill(handle: FileHandle, key: string, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at, offset + at);
    if (bytesRead === 0) throw incomplete(key, offset + bytes.length, offset + at);
    at += bytesRead;
  }
}

import { joinBytes } from '../../base/streams.ts';
import { incomplete, notFound, rangeLength } from '../body.ts';
import type { How, Range } from '../store.ts';
import { OUTSTANDING, PIECE_BYTES, pipelined, untilAborted } from './pipeline.ts';
import { closeHandle, isFile, OPEN, openFile, readAt, statHandle } from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';

/** One range of a stored file in a fresh array: two round trips where it is small. */
export async function readFileRange(
  session: Session,
  root: Root,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Uint8Array<ArrayBuffer>> {
  await using stored = await openStored(session, root, key, range);
  const bytes = new Uint8Array(stored.sizeBytes);
  const first = await stored.first;
  bytes.set(first);
  const offset = stored.offset + first.length;
  const rest = bytes.subarray(first.length);
  await pipelined(Math.ceil(rest.length / PIECE_BYTES), OUTSTANDING, how.signal, async (index) => {
    const piece = rest.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES);
    piece.set(await readPiece(session, stored.handle, key, offset + index * PIECE_BYTES, piece.length));
  });
  return bytes;
}

/** The same in pieces; a window of them is asked for before they are consumed. */
export async function* streamFileRange(
  session: Session,
  root: Root,
  key: string,
  range: Range | undefined,
  how: How,
): AsyncGenerator<Uint8Array> {
  await using stored = await untilAborted(openStored(session, root, key, range), how.signal);
  const end = stored.offset + stored.sizeBytes;
  const first = await stored.first;
  const coming: Promise<Uint8Array>[] = [];
  if (first.length > 0) yield first;
  for (let at = stored.offset + first.length; ; ) {
    for (; at < end && coming.length < OUTSTANDING; at += PIECE_BYTES) {
      const piece = readPiece(session, stored.handle, key, at, Math.min(PIECE_BYTES, end - at));
      // Whoever leaves early waits for none of them.
      piece.catch(() => undefined);
      coming.push(piece);
    }
    const next = coming.shift();
    if (next === undefined) return;
    yield await untilAborted(next, how.signal);
  }
}

interface OpenFile extends AsyncDisposable {
  readonly handle: Buffer;
  readonly offset: number;
  /** Of the range. */
  readonly sizeBytes: number;
  /** The range's first bytes, which are asked for together with the size of the file. */
  readonly first: Promise<Uint8Array>;
}

async function openStored(session: Session, root: Root, key: string, range: Range | undefined): Promise<OpenFile> {
  const handle = await openPath(session, root, key);
  const close = (): void => void closeHandle(session, handle).catch(() => undefined);
  try {
    const offset = range?.offset ?? 0;
    const guess = readAt(session, handle, offset, Math.min(PIECE_BYTES, range?.length ?? PIECE_BYTES));
    guess.catch(() => undefined);
    const found = await statHandle(session, handle);
    if (!isFile(found)) throw notFound(key, root.location);
    // A wrong range must not allocate what the file does not have.
    const sizeBytes = rangeLength(key, range, found.sizeBytes);
    const first = guess.then((bytes) => bytes?.subarray(0, sizeBytes) ?? new Uint8Array(0));
    first.catch(() => undefined);
    return { handle, offset, sizeBytes, first, [Symbol.asyncDispose]: async () => close() };
  } catch (error) {
    close();
    throw error;
  }
}

async function openPath(session: Session, root: Root, key: string): Promise<Buffer> {
  const path = root.at(key);
  try {
    return await openFile(session, path, OPEN.read);
  } catch (error) {
    if (!(await root.isAbsence(session, path, error))) throw error;
    await root.require(session);
    throw notFound(key, root.location, error);
  }
}

/** Servers may send less than what was asked for; the rest is asked for again. */
async function readPiece(
  session: Session,
  handle: Buffer,
  key: string,
  offset: number,
  sizeBytes: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let filled = 0; filled < sizeBytes; ) {
    const bytes = await readAt(session, handle, offset + filled, sizeBytes - filled);
    if (bytes === undefined || bytes.length === 0) throw incomplete(key, offset + sizeBytes, offset + filled);
    if (bytes.length === sizeBytes) return bytes;
    parts.push(bytes);
    filled += bytes.length;
  }
  return joinBytes(parts);
}

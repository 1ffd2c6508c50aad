/**
 * Cuts content from elsewhere into the pieces that a file of a snapshot is made of. Where they begin and end is told by the lengths of
 * the pieces before them, so that it does not matter which program cut the file, and how the other place cuts it.
 */
import { type Chunker, FILE_CHUNKS, MAX_CHUNK_BYTES, streamChunks } from '../chunker.ts';
import { sha256Hex } from '../sha256.ts';

export interface Piece {
  readonly id: string;
  /** Undefined where nothing tells it any more. */
  readonly lengthBytes: number | undefined;
  readonly isWanted: boolean;
}

/** Pieces of 4 GiB and more are nobody's. */
const PIECE_BYTES_MAX = 2 ** 31 - 1;

/** The pieces of a file; the length of a single one that is not known follows from those of the others. */
export function piecesOf(
  ids: readonly string[],
  sizeBytes: number,
  lengthOf: (id: string) => number | undefined,
  isWanted: (id: string) => boolean,
): Piece[] {
  const lengths = ids.map(lengthOf);
  const unknown = lengths.flatMap((length, at) => (length === undefined ? [at] : []));
  if (unknown.length === 1) {
    const rest = sizeBytes - lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0);
    if (rest > 0) lengths[unknown[0]!] = rest;
  }
  return ids.map((id, at) => ({ id, lengthBytes: lengths[at], isWanted: isWanted(id) }));
}

export interface FoundPiece {
  readonly id: string;
  /** Has this id. */
  readonly bytes: Uint8Array;
}

/**
 * The wanted pieces that are in the content, checked; another version of the file has some of them, or none. Ends the content when no more
 * can be found. `openChunker` is for pieces whose length is not known: those that this program cut.
 */
export async function* cutContent(
  chunks: AsyncIterable<Uint8Array>,
  pieces: readonly Piece[],
  openChunker: () => Chunker,
): AsyncGenerator<FoundPiece, void, undefined> {
  const last = pieces.findLastIndex(({ isWanted }) => isWanted);
  const content = openContent(chunks);
  try {
    for (const { id, lengthBytes, isWanted } of pieces.slice(0, last + 1)) {
      if (lengthBytes !== undefined && lengthBytes > PIECE_BYTES_MAX) return;
      if (lengthBytes !== undefined && !isWanted) {
        if (!(await content.skip(lengthBytes))) return;
        continue;
      }
      const length = lengthBytes ?? (await lengthIn(content, id, openChunker()));
      if (length === undefined) return;
      const bytes = await content.take(length);
      if (bytes === undefined) return;
      if (isWanted && sha256Hex(bytes) === id) yield { id, bytes };
    }
  } finally {
    await content.end();
  }
}

const SHAPES = [FILE_CHUNKS, streamChunks(0), streamChunks(2 ** 33)];

/** How long the piece of this id is that begins here, cut as this program does. */
async function lengthIn(content: ContentBytes, id: string, chunker: Chunker): Promise<number | undefined> {
  const bytes = await content.peek(Math.min(MAX_CHUNK_BYTES, chunker.buffer.length));
  chunker.buffer.set(bytes);
  for (const shape of SHAPES) {
    const length = chunker.cut(0, bytes.length, shape);
    if (length > 0 && sha256Hex(bytes.subarray(0, length)) === id) return length;
  }
  return undefined;
}

interface ContentBytes {
  /** Undefined when the content ends before. */
  take(length: number): Promise<Uint8Array | undefined>;
  /** False when the content ends before. */
  skip(length: number): Promise<boolean>;
  /** Up to so many of the next bytes. */
  peek(length: number): Promise<Uint8Array>;
  end(): Promise<void>;
}

function openContent(chunks: AsyncIterable<Uint8Array>): ContentBytes {
  const iterator = chunks[Symbol.asyncIterator]();
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  async function more(): Promise<boolean> {
    const next = await iterator.next();
    if (next.done === true) return false;
    held.push(next.value);
    heldBytes += next.value.length;
    return true;
  }
  function drop(length: number): void {
    heldBytes -= length;
    let left = length;
    while (left > 0) {
      const first = held[0]!;
      if (first.length > left) {
        held[0] = first.subarray(left);
        return;
      }
      left -= first.length;
      held.shift();
    }
  }
  async function peek(length: number): Promise<Uint8Array> {
    while (heldBytes < length && (await more()));
    if (held.length > 1) held = [Buffer.concat(held)];
    return (held[0] ?? new Uint8Array(0)).subarray(0, length);
  }
  return {
    peek,
    async take(length) {
      const bytes = await peek(length);
      if (bytes.length < length) return undefined;
      drop(length);
      return bytes;
    },
    async skip(length) {
      let left = length;
      for (;;) {
        const now = Math.min(left, heldBytes);
        drop(now);
        left -= now;
        if (left === 0) return true;
        if (!(await more())) return false;
      }
    },
    end: async () => void (await iterator.return?.()),
  };
}

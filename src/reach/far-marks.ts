/** Finds marks in a stream. */

/** What stands in a stream: bytes outside of marks, or the words of a mark. */
export type Piece = { readonly bytes: Buffer } | { readonly mark: string };

export interface MarkScanner {
  /** What can be told now; a beginning of a mark is kept until the rest comes. */
  add(chunk: Uint8Array): Piece[];
  /** What was kept back, at the end of the stream. */
  rest(): Buffer;
}

/** Longer words are no mark; the longest have a path in them. */
const LONGEST = 4200;

/** A mark is `prefix`, words, a line feed. Its first byte should be rare, as what may begin a mark is kept back. */
export function openMarkScanner(prefix: Buffer): MarkScanner {
  let kept: Buffer = Buffer.alloc(0);

  function cut(all: Buffer, pieces: Piece[]): Buffer {
    const at = all.indexOf(prefix);
    if (at === -1) {
      const from = all.length - beginningAtEnd(all, prefix);
      if (from > 0) pieces.push({ bytes: all.subarray(0, from) });
      return all.subarray(from);
    }
    const end = all.subarray(0, at + prefix.length + LONGEST).indexOf('\n', at + prefix.length);
    if (end === -1 && all.length < at + prefix.length + LONGEST) {
      if (at > 0) pieces.push({ bytes: all.subarray(0, at) });
      return all.subarray(at);
    }
    const isMark = end !== -1;
    const before = all.subarray(0, isMark ? at : at + prefix.length);
    if (before.length > 0) pieces.push({ bytes: before });
    if (isMark) pieces.push({ mark: all.toString('latin1', at + prefix.length, end) });
    return cut(all.subarray(isMark ? end + 1 : at + prefix.length), pieces);
  }

  return {
    add(chunk) {
      const pieces: Piece[] = [];
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      kept = cut(kept.length === 0 ? bytes : Buffer.concat([kept, bytes]), pieces);
      return pieces;
    },
    rest() {
      const rest = kept;
      kept = Buffer.alloc(0);
      return rest;
    },
  };
}

/** How many of the last bytes may be the beginning of `prefix`. */
function beginningAtEnd(bytes: Buffer, prefix: Buffer): number {
  for (let length = Math.min(bytes.length, prefix.length - 1); length > 0; length--) {
    const at = bytes.length - length;
    if (bytes[at] === prefix[0] && bytes.subarray(at).equals(prefix.subarray(0, length))) return length;
  }
  return 0;
}

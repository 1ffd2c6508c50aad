import { SuretyError } from './errors.ts';

/** All chunks as one array of its own. Fails with `stream.too-long` as soon as there are more than `maxBytes`. */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new SuretyError('stream.too-long', `stream is longer than ${maxBytes} bytes`);
    parts.push(chunk);
  }
  return joinBytes(parts, sizeBytes);
}

/** The parts one after another, copied into a fresh array. */
export function joinBytes(
  parts: readonly Uint8Array[],
  sizeBytes = parts.reduce((sum, part) => sum + part.length, 0),
): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Bytes at hand as a stream of views of at most `pieceBytes`; nothing is copied. */
export async function* inPieces(bytes: Uint8Array, pieceBytes = 1 << 18): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** Keeps the last `maxBytes` of what is added. */
export interface Tail {
  add(chunk: Uint8Array): void;
  /** As UTF-8; a character cut at the front is left out. */
  text(): string;
}

export function openTail(maxBytes: number): Tail {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  let cut = false;

  function compact(): Buffer {
    const all = Buffer.concat(parts, sizeBytes);
    cut ||= all.length > maxBytes;
    const kept = all.subarray(Math.max(0, all.length - maxBytes));
    parts = [kept];
    sizeBytes = kept.length;
    return kept;
  }

  return {
    add(chunk) {
      parts.push(Buffer.from(chunk));
      sizeBytes += chunk.length;
      if (sizeBytes > 2 * maxBytes) compact();
    },
    text() {
      const kept = compact();
      return (cut ? withoutCutCharacter(kept) : kept).toString('utf8');
    },
  };
}

function withoutCutCharacter(bytes: Buffer): Buffer {
  let from = 0;
  while (from < 3 && from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from += 1;
  return bytes.subarray(from);
}

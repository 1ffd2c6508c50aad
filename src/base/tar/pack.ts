/** Writes a tar archive as a stream of large pieces. */
import { SuretyError } from '../errors.ts';
import { displayName } from '../names.ts';
import { encodeTarHeader, TAR_END_BYTES, type TarDialect } from './encode-header.ts';
import { paddingBytes, type TarEntry } from './tar-entry.ts';

export interface TarMember {
  readonly entry: TarEntry;
  /** Of a file, exactly as many bytes as its size says. Taken to its end before the next member is asked for. */
  readonly content?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

const PIECE_BYTES = 1 << 18;
const ZEROS = Buffer.alloc(TAR_END_BYTES);

/**
 * The archive of `members`, in their order. Pieces are the caller's. Throws `tar.size` when a content is longer or shorter than its entry
 * says, and whatever a member's content throws: what was written until then is no archive.
 */
export async function* packTar(
  members: AsyncIterable<TarMember>,
  dialect: TarDialect = 'pax',
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const pieces = new Pieces();
  for await (const { entry, content } of members) {
    yield* pieces.add(encodeTarHeader(entry, dialect));
    if (entry.type !== 'file') continue;
    let sizeBytes = 0;
    for await (const chunk of content ?? []) {
      sizeBytes += chunk.length;
      if (sizeBytes > entry.sizeBytes) break;
      yield* pieces.add(chunk);
    }
    if (sizeBytes !== entry.sizeBytes) throw wrongSize(entry);
    yield* pieces.add(ZEROS.subarray(0, paddingBytes(sizeBytes)));
  }
  yield* pieces.add(ZEROS);
  yield* pieces.end();
}

function wrongSize(entry: TarEntry): SuretyError {
  return new SuretyError(
    'tar.size',
    `the content of ${displayName(entry.name)} is not the ${entry.sizeBytes} bytes it was to be`,
  );
}

/** Small parts are copied together: what comes after has a price for each piece. */
class Pieces {
  #piece = new Uint8Array(PIECE_BYTES);
  #used = 0;

  *add(bytes: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    let at = 0;
    while (at < bytes.length) {
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#used);
      this.#piece.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === PIECE_BYTES) yield* this.end();
    }
  }

  *end(): Generator<Uint8Array<ArrayBuffer>> {
    if (this.#used === 0) return;
    const piece = this.#piece.subarray(0, this.#used);
    this.#piece = new Uint8Array(PIECE_BYTES);
    this.#used = 0;
    yield piece;
  }
}

import { encodeName } from '../../../base/names.ts';

const PIECE_BYTES = 1 << 16;

/** Paths as programs take them from their stdin: each with a NUL behind it. */
export async function* pathBytes(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const path of paths) {
    const bytes = encodeName(path);
    parts.push(bytes, Uint8Array.of(0));
    sizeBytes += bytes.length + 1;
    if (sizeBytes < PIECE_BYTES) continue;
    yield Buffer.concat(parts);
    parts = [];
    sizeBytes = 0;
  }
  yield Buffer.concat(parts);
}

import { SuretyError } from '../../base/errors.ts';
import { hasDumpEnd } from '../../rules/dump-trailer.ts';

/** More than the last line of a dump has. */
const TAIL_BYTES = 256;

/**
 * Passes a dump on and tells of the bytes that go by. The last step throws `source.incomplete` for a dump without its last line: a client
 * that loads it is ended before it takes that for the end.
 */
export async function* watchEnd(
  chunks: AsyncIterable<Uint8Array>,
  doing: string,
  onBytes: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let tail: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    tail = Buffer.concat([tail, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    onBytes(chunk.length);
    yield chunk;
  }
  expectEnd(doing, tail);
}

/** Throws `source.incomplete` unless a dump that ends with these bytes is whole. */
export function expectEnd(doing: string, bytes: Uint8Array): void {
  if (hasDumpEnd('mysql', bytes.subarray(-TAIL_BYTES))) return;
  throw new SuretyError('source.incomplete', `${doing}: it has no end: its last line "-- Dump completed" is missing`, {
    hint: 'look for a full disk or a connection that was cut, and run again',
  });
}

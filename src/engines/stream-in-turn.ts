import type { RestoredEntry } from '../sources/source.ts';
import type { How } from './engine.ts';

/** Goes through the contents of an archive forwards; going back costs another pass. One content is taken at a time. */
export interface ContentCursor<Handle> extends AsyncDisposable {
  content(handle: Handle, how: How): AsyncIterable<Uint8Array>;
}

/** Hands out contents one by one; closes the cursor that serves them when it is disposed of. */
export interface TurnStream extends AsyncDisposable {
  stream(entry: RestoredEntry, how: How): AsyncGenerator<Uint8Array>;
}

/**
 * Files are mostly streamed one after another, in the order of the archive: one cursor serves them all. What is asked for while another one
 * is being read has a cursor of its own. `noFile` makes the error for an entry without content.
 */
export function streamInTurn<Handle>(open: () => ContentCursor<Handle>, noFile: (path: string) => Error): TurnStream {
  const shared = open();
  let isTaken = false;

  async function* stream({ handle, path }: RestoredEntry, how: How): AsyncGenerator<Uint8Array> {
    if (handle === undefined) throw noFile(path);
    if (isTaken) {
      await using own = open();
      yield* own.content(handle as Handle, how);
      return;
    }
    isTaken = true;
    try {
      yield* shared.content(handle as Handle, how);
    } finally {
      isTaken = false;
    }
  }

  return { stream, [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose]() };
}

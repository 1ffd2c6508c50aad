/** Writes the content of files to local paths, in the order of the archive: one pass for all of them. */
import type { ContentHow, Placed, Placement } from '../../../sources/source.ts';
import { PlacedFile } from '../../placed-file.ts';
import type { Cursor } from './cursor.ts';
import type { ContentHandle } from './index-record.ts';

interface Wanted {
  readonly handle: ContentHandle;
  /** Indexes of the placements that want this content. */
  readonly indexes: number[];
}

export async function* place(
  cursor: Cursor,
  placements: readonly Placement[],
  how: ContentHow,
): AsyncGenerator<Placed> {
  for (const { handle, indexes } of inArchiveOrder(placements)) {
    how.signal.throwIfAborted();
    const open: PlacedFile[] = [];
    for (const index of indexes) {
      try {
        open.push(new PlacedFile(placements[index]!, index));
      } catch (error) {
        yield { index, error: error as Error };
      }
    }
    if (open.length > 0) yield* fill(open, cursor, handle, how);
  }
}

function inArchiveOrder(placements: readonly Placement[]): Wanted[] {
  const wanted = new Map<number, Wanted>();
  for (const [index, { entry }] of placements.entries()) {
    const handle = entry.handle as ContentHandle;
    const known = wanted.get(handle.ordinal);
    if (known === undefined) wanted.set(handle.ordinal, { handle, indexes: [index] });
    else known.indexes.push(index);
  }
  return [...wanted.values()].sort((left, right) => left.handle.ordinal - right.handle.ordinal);
}

/** A file that can not be written does not keep others from their content. */
async function* fill(
  files: PlacedFile[],
  cursor: Cursor,
  handle: ContentHandle,
  how: ContentHow,
): AsyncGenerator<Placed> {
  const failed: Placed[] = [];
  let open = files;
  const each = (act: (file: PlacedFile) => void) => {
    open = open.filter((file) => {
      try {
        act(file);
        return true;
      } catch (error) {
        failed.push(file.remove(error));
        return false;
      }
    });
  };
  try {
    if (handle.sizeBytes > 0) {
      for await (const chunk of cursor.content(handle, how)) each((file) => file.write(chunk));
    }
  } catch (error) {
    const all = open.map((file) => file.remove(error));
    how.signal.throwIfAborted();
    yield* [...failed, ...all];
    return;
  }
  const placed: Placed[] = [];
  each((file) => placed.push(file.finish()));
  yield* [...failed, ...placed];
}

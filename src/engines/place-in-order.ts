/** Writes the content of files to local paths, in the order in which it is stored: one pass for all of them. */
import type { ContentHow, Placed, Placement } from '../sources/source.ts';
import { PlacedFile } from './placed-file.ts';

/** What the `handle` of a restored file is, at least. */
export interface OrderedHandle {
  /** What is stored earlier has a smaller one; files with the same one have the same content. */
  readonly ordinal: number;
}

interface Wanted<Handle> {
  readonly handle: Handle;
  /** Indexes of the placements that want this content. */
  readonly indexes: number[];
}

/** `contentOf` is asked one after another; `together` are all that are asked for, in order. */
export async function* placeInOrder<Handle extends OrderedHandle>(
  contentOf: (handle: Handle, together: readonly Handle[]) => AsyncIterable<Uint8Array>,
  placements: readonly Placement[],
  how: ContentHow,
): AsyncGenerator<Placed> {
  const sorted = inOrder<Handle>(placements);
  const together = sorted.map(({ handle }) => handle);
  for (const { handle, indexes } of sorted) {
    how.signal.throwIfAborted();
    const open: PlacedFile[] = [];
    for (const index of indexes) {
      try {
        open.push(new PlacedFile(placements[index]!, index));
      } catch (error) {
        yield { index, error: error as Error };
      }
    }
    if (open.length > 0) yield* fill(open, contentOf(handle, together), how);
  }
}

function inOrder<Handle extends OrderedHandle>(placements: readonly Placement[]): Wanted<Handle>[] {
  const wanted = new Map<number, Wanted<Handle>>();
  for (const [index, { entry }] of placements.entries()) {
    const handle = entry.handle as Handle;
    const known = wanted.get(handle.ordinal);
    if (known === undefined) wanted.set(handle.ordinal, { handle, indexes: [index] });
    else known.indexes.push(index);
  }
  return [...wanted.values()].sort((left, right) => left.handle.ordinal - right.handle.ordinal);
}

/** A file that can not be written does not keep others from their content. */
async function* fill(files: PlacedFile[], content: AsyncIterable<Uint8Array>, how: ContentHow): AsyncGenerator<Placed> {
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
    for await (const chunk of content) each((file) => file.write(chunk));
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

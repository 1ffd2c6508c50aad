/**
 * Contents of an archive that borg has written in the order of inodes, for somebody who asks in the order of names. One pass reads what
 * will be asked for next, in the order of the archive; a pass for each file would cost a third of a second each.
 */
import { hasCode } from '../../base/errors.ts';
import { collectBytes } from '../../base/streams.ts';
import type { How } from '../engine.ts';
import type { TurnStream } from '../stream-in-turn.ts';
import type { Cursor } from './cursor.ts';
import type { ContentHandle } from './held-entry.ts';

/** Larger files have a pass of their own; nobody notices what it costs beside them. */
const SMALL_BYTES = 4 << 20;
/** What is held in memory at most, and by how many files. */
const WINDOW_BYTES = 32 << 20;
const WINDOW_FILES = 4096;

export interface WindowsHow {
  readonly open: () => Cursor;
  /** All files that may be asked for, in the order in which they will be. */
  readonly coming: () => AsyncGenerator<ContentHandle>;
  /** Makes the error for an entry without content. */
  readonly noFile: (path: string) => Error;
}

export function streamWindows({ open, coming, noFile }: WindowsHow): TurnStream {
  const held = new Map<number, Uint8Array | Error>();
  let rest: AsyncGenerator<ContentHandle> | undefined;
  let loading: Promise<void> = Promise.resolve();

  /** From this file on; none where it is behind. */
  async function nextWindow(first: ContentHandle): Promise<ContentHandle[]> {
    rest ??= coming();
    const window = new Map<number, ContentHandle>();
    let sizeBytes = 0;
    while (window.size < WINDOW_FILES && sizeBytes < WINDOW_BYTES) {
      const { value, done } = await rest.next();
      if (done === true) break;
      const isBefore = window.size === 0 && value.ordinal !== first.ordinal;
      if (isBefore || !isSmall(value) || window.has(value.ordinal)) continue;
      window.set(value.ordinal, value);
      sizeBytes += value.sizeBytes;
    }
    return [...window.values()].sort((left, right) => left.ordinal - right.ordinal);
  }

  async function load(first: ContentHandle, how: How): Promise<void> {
    if (held.has(first.ordinal)) return;
    held.clear();
    const window = await nextWindow(first);
    if (window.length === 0) return;
    await using cursor = open();
    for (const handle of window) {
      try {
        held.set(handle.ordinal, await collectBytes(cursor.content(handle, how, window)));
      } catch (error) {
        // Only who asks for that file is to hear of it.
        if (!hasCode(error, 'repository.damaged')) throw error;
        held.set(handle.ordinal, error);
      }
    }
  }

  async function* stream(entry: Parameters<TurnStream['stream']>[0], how: How): AsyncGenerator<Uint8Array> {
    const handle = entry.handle as ContentHandle | undefined;
    if (handle === undefined) throw noFile(entry.path);
    if (isSmall(handle)) {
      const loaded = loading.then(() => load(handle, how));
      loading = loaded.catch(() => {});
      await loaded;
      const content = held.get(handle.ordinal);
      if (content instanceof Error) throw content;
      // Another name of the same file may be asked for.
      if (content !== undefined) return yield content.slice();
    }
    await using own = open();
    yield* own.content(handle, how, [handle]);
  }

  return { stream, [Symbol.asyncDispose]: async () => void (await rest?.return(undefined)) };
}

function isSmall({ sizeBytes, isBroken }: ContentHandle): boolean {
  return sizeBytes > 0 && sizeBytes <= SMALL_BYTES && !isBroken;
}

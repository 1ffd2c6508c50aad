/** Goes through the contents of an archive, forwards, by one `borg export-tar`; what lies behind or far ahead needs another one. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, type SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { TarReader } from '../../base/tar/reader.ts';
import type { How } from '../engine.ts';
import { openSpoolFolder } from '../spool-folder.ts';
import type { ContentHandle } from './held-entry.ts';
import { archiveArgument } from './naming.ts';
import { EXCLUDE_REST, includeLine } from './pattern.ts';
import { damaged, type Repository } from './repository.ts';
import { borgOutput } from './run.ts';

export interface Cursor extends AsyncDisposable {
  /**
   * The content of one file. `together`: what will be asked for next, in the order of the archive; by default all that was selected. The
   * last step throws `repository.damaged` unless all of it is there; borg has checked every piece.
   */
  content(handle: ContentHandle, how: How, together?: readonly ContentHandle[]): AsyncGenerator<Uint8Array>;
}

/** To pass over so much is about as slow as to begin anew behind it. */
const PASS_BYTES = 64 * 1024 * 1024;

interface Pass {
  readonly reader: TarReader;
  readonly ended: AbortController;
  /** Ordinal and offset of the next member, as far as they are known. */
  next: { ordinal: number; offset: number };
  readonly includes: ((handle: ContentHandle) => boolean) | undefined;
  close(): Promise<void>;
}

type Handles = AsyncIterable<ContentHandle> | readonly ContentHandle[];

/** `wanted`: all files that may be asked for. One content is taken at a time. */
export function openCursor(repository: Repository, name: string, wanted: () => Handles): Cursor {
  let pass: Pass | undefined;

  async function close(): Promise<void> {
    const last = pass;
    pass = undefined;
    await last?.close();
  }

  async function seek(handle: ContentHandle, together: readonly ContentHandle[] | undefined): Promise<Pass> {
    const isAhead =
      pass !== undefined &&
      handle.ordinal >= pass.next.ordinal &&
      handle.offset - pass.next.offset <= PASS_BYTES &&
      (pass.includes?.(handle) ?? true);
    if (!isAhead) await close();
    pass ??= await beginPass(repository, name, handle, together ?? wanted());
    for (;;) {
      const member = await pass.reader.next();
      if (member === undefined) throw damaged(name, `${displayName(handle.path)} is not in it any more`);
      if (member.name !== handle.path || member.type !== 'file') continue;
      pass.next = { ordinal: handle.ordinal + 1, offset: handle.offset + handle.sizeBytes };
      if (member.sizeBytes !== handle.sizeBytes) throw damaged(name, `${displayName(handle.path)} has another size`);
      return pass;
    }
  }

  async function* content(
    handle: ContentHandle,
    how: How,
    together?: readonly ContentHandle[],
  ): AsyncGenerator<Uint8Array> {
    how.signal.throwIfAborted();
    if (handle.isBroken) throw broken(name, handle);
    if (handle.sizeBytes === 0) return;
    let whole = false;
    const onAbort = () => pass?.ended.abort(how.signal.reason);
    how.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const { reader } = await seek(handle, together);
      for await (const chunk of reader.content()) {
        how.signal.throwIfAborted();
        yield chunk;
      }
      whole = true;
    } catch (error) {
      how.signal.throwIfAborted();
      // The tar ends in the midst of a file: why, borg has said at its end.
      if (!hasCode(error, 'tar.truncated', 'tar.damaged')) throw error;
      throw damaged(`${name}: ${displayName(handle.path)}`, 'borg could not read all of it', error);
    } finally {
      how.signal.removeEventListener('abort', onAbort);
      if (!whole) await close();
    }
  }

  return { content, [Symbol.asyncDispose]: close };
}

function broken(name: string, { path }: ContentHandle): SuretyError {
  return damaged(`${name}: ${displayName(path)}`, 'a part of it was lost, and borg check --repair put zeros there');
}

/** Everything that is asked for, from the first on. It lives longer than the call that begins it. */
async function beginPass(repository: Repository, name: string, first: ContentHandle, together: Handles): Promise<Pass> {
  const ended = new AbortController();
  const folder = await openSpoolFolder();
  try {
    const ordinals = Array.isArray(together) ? new Set<number>() : undefined;
    const file = join(folder.path, 'patterns');
    await writeFile(file, patternLines(first, together, ordinals), { mode: 0o600 });
    const args = ['export-tar', '--patterns-from', file, archiveArgument(name), '-'];
    const output = borgOutput(repository, args, { signal: ended.signal, doing: `content of ${name}` });
    const reader = new TarReader(untilEnd(output));
    return {
      reader,
      ended,
      next: { ordinal: first.ordinal, offset: first.offset },
      includes: ordinals && (({ ordinal }) => ordinals.has(ordinal)),
      async close() {
        ended.abort();
        await reader[Symbol.asyncDispose]().catch(() => {});
        await folder[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
}

async function* patternLines(
  first: ContentHandle,
  together: Handles,
  ordinals: Set<number> | undefined,
): AsyncGenerator<string> {
  let last = -1;
  for await (const { path, ordinal, sizeBytes } of together) {
    // Another name of one before.
    if (ordinal < first.ordinal || ordinal === last || sizeBytes === 0) continue;
    last = ordinal;
    ordinals?.add(ordinal);
    yield `${includeLine(path)}\n`;
  }
  yield `${EXCLUDE_REST}\n`;
}

/** What borg says of damage comes as the end of a tar that is too short; anything else is an error by itself. */
async function* untilEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    if (!hasCode(error, 'repository.damaged')) throw error;
  }
}

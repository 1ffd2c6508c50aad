/** Goes through the contents of an archive, forwards; what lies behind needs another pass. */
import { createHash } from 'node:crypto';
import { TarReader } from '../../../base/tar/reader.ts';
import type { How } from '../../engine.ts';
import { decodeError, streamContent } from '../decode.ts';
import { damaged, type Repository } from '../repository.ts';
import type { Backup } from '../sidecars.ts';
import type { Chunks } from '../through.ts';
import type { ContentHandle } from './index-record.ts';

export interface Cursor extends AsyncDisposable {
  /** The content of one file. Its last step throws `repository.damaged` unless it is what was checked before. */
  content(handle: ContentHandle, how: How): Chunks;
}

/** Over a tar archive, or over a file that is the content itself. One content is taken at a time. */
export function openCursor(repository: Repository, backup: Backup, container: 'tar' | 'single'): Cursor {
  const { key } = backup.file;
  let reader: TarReader | undefined;
  let next = 0;

  async function seek(ordinal: number, how: How): Promise<TarReader> {
    if (reader !== undefined && ordinal < next) await close();
    reader ??= new TarReader(await streamContent(repository, backup.file, how));
    for (; next <= ordinal; next++) {
      if ((await reader.next()) === undefined) throw damaged(key, 'it ends before the file that was in it');
    }
    return reader;
  }

  async function close(): Promise<void> {
    await reader?.[Symbol.asyncDispose]();
    reader = undefined;
    next = 0;
  }

  async function* content(handle: ContentHandle, how: How): AsyncGenerator<Uint8Array> {
    // The content of nothing needs no pass.
    if (handle.sizeBytes === 0) return;
    try {
      const isTar = container === 'tar';
      const chunks = isTar
        ? (await seek(handle.ordinal, how)).content()
        : await streamContent(repository, backup.file, how);
      yield* expected(chunks, handle, key, how);
    } catch (error) {
      await close().catch(() => {});
      throw decodeError(error, key, how);
    }
  }

  return { content, [Symbol.asyncDispose]: close };
}

async function* expected(chunks: Chunks, handle: ContentHandle, key: string, how: How): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    how.signal.throwIfAborted();
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== handle.sha256) throw damaged(key, 'it changed while it was being restored');
}

/** Holds streams whose length is not known until their end: short ones in memory, others in a private file. */

import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomHex } from '../base/ids.ts';
import type { PrivateFolder } from '../base/private-folder.ts';
import { joinBytes } from '../base/streams.ts';
import type { OpenContent } from './file-content.ts';
import { openSpoolFolder, spoolFailure } from './spool-folder.ts';

const MEMORY_BYTES = 4 * 1024 * 1024;

export interface Spool extends AsyncDisposable {
  /** Takes a stream to its end. What comes back is read once, and gone after that. */
  hold(chunks: AsyncIterable<Uint8Array>): Promise<OpenContent>;
}

export function openSpool(): Spool {
  let folder: PrivateFolder | undefined;
  return {
    async hold(chunks) {
      const parts: Uint8Array[] = [];
      let sizeBytes = 0;
      const iterator = chunks[Symbol.asyncIterator]();
      try {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
          // The source may use the same memory again.
          parts.push(new Uint8Array(next.value));
          sizeBytes += next.value.length;
          if (sizeBytes <= MEMORY_BYTES) continue;
          folder ??= await openSpoolFolder();
          return await writeOut(join(folder.path, randomHex(8)), parts, iterator);
        }
      } finally {
        await iterator.return?.();
      }
      return { sizeBytes, chunks: [joinBytes(parts, sizeBytes)] };
    },
    [Symbol.asyncDispose]: async () => void (await folder?.[Symbol.asyncDispose]()),
  };
}

async function writeOut(path: string, parts: Uint8Array[], rest: AsyncIterator<Uint8Array>): Promise<OpenContent> {
  await using file = await open(path, 'wx', 0o600).catch(refuse);
  let sizeBytes = 0;
  const write = async (chunk: Uint8Array) => {
    for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at).catch(refuse)).bytesWritten;
    sizeBytes += chunk.length;
  };
  for (const part of parts.splice(0)) await write(part);
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) await write(next.value);
  return { sizeBytes, chunks: readAndRemove(path) };
}

function refuse(error: unknown): never {
  throw spoolFailure(error);
}

async function* readAndRemove(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 18 });
  } finally {
    await rm(path, { force: true });
  }
}

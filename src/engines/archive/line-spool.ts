/** Keeps JSON objects, one to a line: a few in memory, more in a private file. */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateFolder } from '../../base/private-folder.ts';
import { openSpoolFolder, spoolFailure } from './spool-folder.ts';
import type { Chunks } from './through.ts';

const FLUSH_CHARACTERS = 1 << 16;

export class LineSpool<T> implements AsyncDisposable {
  #pending = '';
  #folder: PrivateFolder | undefined;
  #fd: number | undefined;

  async add(value: T): Promise<void> {
    this.#pending += `${JSON.stringify(value)}\n`;
    if (this.#pending.length < FLUSH_CHARACTERS) return;
    this.#folder ??= await openSpoolFolder();
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    try {
      this.#fd ??= openSync(join(this.#folder.path, 'lines'), 'wx', 0o600);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw spoolFailure(error);
    }
  }

  /** All lines so far; can be asked for again. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    if (this.#folder !== undefined) yield* createReadStream(join(this.#folder.path, 'lines'));
    if (this.#pending !== '') yield Buffer.from(this.#pending);
  }

  values(): AsyncGenerator<T> {
    return parseLines(this.bytes());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#fd !== undefined) closeSync(this.#fd);
    await this.#folder?.[Symbol.asyncDispose]();
  }
}

/** The values of lines of JSON. Throws `SyntaxError`. */
export async function* parseLines<T>(chunks: Chunks): AsyncGenerator<T> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let at = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      parts.push(bytes.subarray(at, end));
      yield JSON.parse(Buffer.concat(parts.splice(0)).toString('utf8')) as T;
      at = end + 1;
    }
    if (at < bytes.length) parts.push(bytes.subarray(at));
  }
  if (parts.length > 0) yield JSON.parse(Buffer.concat(parts).toString('utf8')) as T;
}

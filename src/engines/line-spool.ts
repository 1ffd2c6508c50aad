/** Keeps JSON objects, one to a line: a few in memory, more in a private file. */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateFolder } from '../base/private-folder.ts';
import { parseLines } from './json-lines.ts';
import { openSpoolFolder, spoolFailure } from './spool-folder.ts';

const FLUSH_CHARACTERS = 1 << 16;

export class LineSpool<T> implements AsyncDisposable {
  #pending = '';
  #folder: PrivateFolder | undefined;
  #fd: number | undefined;
  #sizeBytes = 0;

  /** Of all lines so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async add(value: T): Promise<void> {
    const line = `${JSON.stringify(value)}\n`;
    this.#pending += line;
    this.#sizeBytes += Buffer.byteLength(line);
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

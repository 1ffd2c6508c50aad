/** A stretch of a large file on its way to the disk without the page cache. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { isDirectRefused } from '../../../base/direct-writes.ts';
import { makePages } from '../../../base/pages.ts';
import { BLOCK_BYTES, eachStretch, writeStretch } from './write-file.ts';

/**
 * Files from this size on are written directly. Through the page cache such a file pushes out what other programs keep in memory, is held up
 * when too much of it is not written yet, and has one writer at a time; and "restored" would be said of what is in memory only.
 */
export const DIRECT_BYTES = 1024 * 1024 * 1024;

const BUFFER_BYTES = 8 * 1024 * 1024;

/** One per thread: a thread writes one stretch at a time. */
let pages: Uint8Array | undefined;

/** Bytes of one file that follow one another, collected in whole blocks. */
export class DirectRun {
  /** The number of the file in its task. */
  readonly file: number;
  readonly #fd: number;
  readonly #pages: Uint8Array;
  /** Position in the file of the start of the pages, a multiple of a block. */
  #base: number;
  /** What is filled, from the start of the pages. */
  #from: number;
  #to: number;
  #direct: number | undefined;
  /** Where the last byte that was written ends. */
  #end = 0;

  /** `fd`: the file, open for writing; it stays the caller's. */
  constructor(file: number, fd: number, position: number) {
    this.file = file;
    this.#fd = fd;
    this.#pages = pages ??= new Uint8Array(makePages(BUFFER_BYTES));
    this.#from = position % BLOCK_BYTES;
    this.#to = this.#from;
    this.#base = position - this.#from;
    this.#direct = openDirect(fd);
  }

  /** Position at which bytes belong that continue the run. */
  get position(): number {
    return this.#base + this.#to;
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#pages.length - this.#to);
      this.#pages.set(part, this.#to);
      this.#to += part.length;
      at += part.length;
      if (this.#to === this.#pages.length) this.#write();
    }
  }

  /** Writes what is left. Returns where the last byte that is not a hole ends, 0 when there is none. */
  end(): number {
    try {
      this.#write();
      return this.#end;
    } finally {
      this.abandon();
    }
  }

  /** Closes without writing what is left. */
  abandon(): void {
    if (this.#direct !== undefined) closeSync(this.#direct);
    this.#direct = undefined;
  }

  /** Writes the pages' content: whole blocks directly, what is beside them in the ordinary way. */
  #write(): void {
    const [from, to] = [this.#from, this.#to];
    const head = Math.min(to, from % BLOCK_BYTES === 0 ? from : from + BLOCK_BYTES - (from % BLOCK_BYTES));
    const tail = Math.max(head, to - (to % BLOCK_BYTES));
    for (const [start, end, direct] of [
      [from, head, false],
      [head, tail, true],
      [tail, to, false],
    ] as const) {
      eachStretch(this.#pages, this.#base, start, end, (one, other) => {
        if (!direct || !this.#writeDirectly(one, other)) writeStretch(this.#fd, this.#pages, one, other, this.#base);
        this.#end = this.#base + other;
      });
    }
    this.#base += to;
    this.#from = 0;
    this.#to = 0;
  }

  /** False where the file system does not take it. */
  #writeDirectly(from: number, to: number): boolean {
    if (this.#direct === undefined) return false;
    try {
      const done = writeSync(this.#direct, this.#pages, from, to - from, this.#base + from);
      // A disk that is nearly full takes a part; the ordinary way says what is wrong.
      return done === to - from;
    } catch (error) {
      if (!isDirectRefused(error)) throw error;
      this.abandon();
      return false;
    }
  }
}

/** The same file once more, whatever its name stands for by now. */
function openDirect(fd: number): number | undefined {
  if (constants.O_DIRECT === undefined) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    return undefined;
  }
}

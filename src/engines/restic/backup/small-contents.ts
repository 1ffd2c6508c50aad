import { CONTENTS_BYTES, SMALL_CONTENT_BYTES } from './messages.ts';

/** A task of small contents is sent when it has so many of them. */
const CONTENTS_FILES = 256;

/** Collects the contents of small files one behind the other, to be handed over together. */
export class SmallContents<File> {
  #buffer = new Uint8Array(0);
  #used = 0;
  #files: File[] = [];
  #sizes: number[] = [];
  readonly #spare: ArrayBuffer[] = [];

  /** Takes the content of a file. Returns it as it was where it turns out not to be small. */
  async take(file: File, chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(CONTENTS_BYTES));
    const iterator = chunks[Symbol.asyncIterator]();
    const from = this.#used;
    let at = from;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (at + next.value.length > this.#buffer.length)
        return joined(this.#buffer.slice(from, at), next.value, iterator);
      this.#buffer.set(next.value, at);
      at += next.value.length;
    }
    this.#files.push(file);
    this.#sizes.push(at - from);
    this.#used = at;
    return undefined;
  }

  /** Whether what is here is to be sent before the next file is taken. */
  isFull(): boolean {
    return this.#files.length >= CONTENTS_FILES || this.#used > CONTENTS_BYTES - SMALL_CONTENT_BYTES;
  }

  send(): { readonly files: readonly File[]; readonly sizes: Float64Array; readonly buffer: ArrayBuffer } {
    const sent = { files: this.#files, sizes: Float64Array.from(this.#sizes), buffer: this.#buffer.buffer };
    if (this.#files.length === 0) return sent;
    this.#buffer = new Uint8Array(0);
    this.#files = [];
    this.#sizes = [];
    this.#used = 0;
    return sent;
  }

  /** The memory of what was sent. */
  reuse(buffer: ArrayBuffer): void {
    this.#spare.push(buffer);
  }
}

/** What was taken, and what is left. */
async function* joined(
  taken: Uint8Array,
  next: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (taken.length > 0) yield taken;
  yield next;
  for (let more = await rest.next(); more.done !== true; more = await rest.next()) yield more.value;
}

/** Takes a stream of chunks apart at exact byte counts. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** False at the end. */
  async #fill(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
      this.#at = 0;
    }
    return true;
  }

  /** `count` bytes, fewer only at the end. They stay as they are until the next call. */
  async take(count: number): Promise<Buffer> {
    if (this.#chunk.length - this.#at >= count) return this.#part(count);
    const parts: Buffer[] = [];
    let left = count;
    while (left > 0 && (await this.#fill())) {
      const part = this.#part(Math.min(left, this.#chunk.length - this.#at));
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  #part(count: number): Buffer {
    const part = this.#chunk.subarray(this.#at, this.#at + count);
    this.#at += count;
    return part;
  }

  /** The next bytes, at most `most`; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    if (!(await this.#fill())) return undefined;
    return this.#part(Math.min(most, this.#chunk.length - this.#at));
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** Splits a stream into the words that end with NUL. */
export class WordReader {
  readonly #take: (bytes: Buffer, from: number, to: number) => void;
  /** Of a word whose end has not come yet. */
  #parts: Buffer[] = [];

  /** `take` is called for each word. */
  constructor(take: (bytes: Buffer, from: number, to: number) => void) {
    this.#take = take;
  }

  add(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
      if (this.#parts.length === 0) this.#take(bytes, from, end);
      else {
        const word = Buffer.concat([...this.#parts, bytes.subarray(from, end)]);
        this.#parts = [];
        this.#take(word, 0, word.length);
      }
      from = end + 1;
    }
    if (from < bytes.length) this.#parts.push(bytes.subarray(from));
  }
}

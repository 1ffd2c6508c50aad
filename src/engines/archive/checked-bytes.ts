/** Passes the stored bytes of a file on while it counts and hashes them, to the last one, whatever the reader makes of them. */
import { createHash } from 'node:crypto';
import type { Algorithm } from './sidecar.ts';
import type { Chunks } from './through.ts';

export class CheckedBytes {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #hash;
  #sizeBytes = 0;
  #ended = false;

  constructor(chunks: Chunks, algorithm: Algorithm) {
    this.#iterator = chunks[Symbol.asyncIterator]();
    this.#hash = createHash(algorithm);
  }

  /** For the reader. It may stop where it likes. */
  get chunks(): Chunks {
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next() }) };
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    const next = this.#ended ? { done: true as const, value: undefined } : await this.#iterator.next();
    if (next.done === true) {
      this.#ended = true;
    } else {
      this.#hash.update(next.value);
      this.#sizeBytes += next.value.length;
    }
    return next;
  }

  /** Reads what is left. */
  async finish(): Promise<{ readonly sizeBytes: number; readonly checksum: string }> {
    while ((await this.#next()).done !== true);
    return { sizeBytes: this.#sizeBytes, checksum: this.#hash.digest('hex') };
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

import { makeSharedPages } from '../../../base/pages.ts';
import type { Store } from '../../../stores/store.ts';
import type { PackStore } from '../pack-store.ts';
import { type FinishedPack, packBufferBytes } from '../packer.ts';

/**
 * A line to a distant store takes so much at once on several connections as it does not on one; a disk takes one pack after the other. A buffer
 * is made only when all others are under way.
 */
export function sendersTo({ traits }: Pick<Store, 'traits'>): number {
  return traits.remote ? 4 : 1;
}

export interface PackFlowOptions {
  readonly packs: PackStore;
  /** Size at which packs are finished. */
  readonly targetBytes: number;
  /** How many packs are being filled at once, at most. */
  readonly fillers: number;
  /** How many more may be under way to the store meanwhile. */
  readonly senders: number;
  /** Told when a pack can not be stored. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Packs on their way to the store, and the buffers they are made in. There is one buffer for each pack being filled and some for packs being
 * stored: this bounds the memory of a backup, and slows the readers down to what the store takes.
 */
export class PackFlow {
  readonly #options: PackFlowOptions;
  readonly #bufferBytes: number;
  readonly #spare: ArrayBufferLike[] = [];
  readonly #waiting: ((buffer: ArrayBufferLike) => void)[] = [];
  readonly #puts = new Set<Promise<void>>();
  #made = 0;

  constructor(options: PackFlowOptions) {
    this.#options = options;
    this.#bufferBytes = packBufferBytes(options.targetBytes);
  }

  /** A buffer to fill, at once or when a pack has been stored. */
  takeBuffer(): ArrayBufferLike | Promise<ArrayBufferLike> {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    const { fillers, senders } = this.#options;
    if (this.#made < fillers + senders) return this.#make();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Stores a pack, and has its buffer filled again. */
  send(pack: FinishedPack): void {
    const put = this.#options.packs.put(pack).then(() => this.#giveBack(pack.buffer), this.#options.onFailure);
    this.#puts.add(put);
    void put.then(() => this.#puts.delete(put));
  }

  /** Resolves when all packs sent so far are stored, or have failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#puts);
  }

  /** A buffer of another size was made for a huge blob, in the place of one of these. */
  #giveBack(buffer: ArrayBufferLike): void {
    const isOurs = buffer.byteLength === this.#bufferBytes;
    if (!isOurs) this.#made -= 1;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting(isOurs ? buffer : this.#make());
    else if (isOurs) this.#spare.push(buffer);
  }

  #make(): SharedArrayBuffer {
    this.#made += 1;
    return makeSharedPages(this.#bufferBytes);
  }
}

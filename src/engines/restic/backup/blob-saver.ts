import { type BlobTable, type BlobType, DATA } from '../blob-table.ts';
import { type FinishedPack, Packer } from '../packer.ts';
import type { Sealer } from '../seal.ts';
import { sha256Into } from '../sha256.ts';

export interface BlobSaverOptions {
  readonly table: BlobTable;
  readonly sealer: Sealer;
  readonly level: number | undefined;
  readonly type: BlobType;
  /** The size at which a pack is finished. */
  readonly targetBytes: number;
  /** Gives a buffer to fill, as large as `packBufferBytes` says. */
  readonly takeBuffer: () => ArrayBufferLike | Promise<ArrayBufferLike>;
  /** Takes over a finished pack and its buffer. */
  readonly onPack: (pack: FinishedPack) => void;
}

/** Saves blobs that are not in the repository yet, as packs. Not concurrent: one call at a time. */
export class BlobSaver {
  readonly #options: BlobSaverOptions;
  readonly #packer: Packer;

  constructor(options: BlobSaverOptions) {
    this.#options = options;
    this.#packer = new Packer(options);
  }

  /**
   * Writes the blob's id to `id` and stores the blob unless it is known. Returns a promise only when it has to wait for a buffer:
   * most blobs cost no turn of the event loop.
   */
  save(plain: Uint8Array, id: Uint8Array): undefined | Promise<void> {
    sha256Into(id, plain);
    if (!this.#options.table.claim(id, this.#options.type)) return undefined;
    return this.store(plain, id);
  }

  /** Stores a blob that the caller has claimed in the table. */
  store(plain: Uint8Array, id: Uint8Array): undefined | Promise<void> {
    if (!this.#packer.isEmpty && !this.#packer.hasRoom(plain.length)) this.flush();
    if (!this.#packer.needsBuffer) {
      this.#add(plain, id);
      return undefined;
    }
    return this.#storeWithBuffer(plain, id);
  }

  async #storeWithBuffer(plain: Uint8Array, id: Uint8Array): Promise<void> {
    const kept = Uint8Array.from(id);
    this.#packer.useBuffer(await this.#options.takeBuffer());
    this.#add(plain, kept);
  }

  #add(plain: Uint8Array, id: Uint8Array): void {
    this.#packer.hasRoom(plain.length);
    this.#packer.add(id, plain);
    if (this.#packer.isFull) this.flush();
  }

  /** Hands over what is packed so far, if anything. */
  flush(): void {
    if (!this.#packer.isEmpty) this.#options.onPack(this.#packer.finish());
  }
}

/** The saver of file content. */
export function dataSaver(options: Omit<BlobSaverOptions, 'type'>): BlobSaver {
  return new BlobSaver({ ...options, type: DATA });
}

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

  /**
   * Stores a blob that the caller has claimed in the table. One that is compressed already has its plain length in `rawLength`: it is stored as it is.
   */
  store(bytes: Uint8Array, id: Uint8Array, rawLength = 0): undefined | Promise<void> {
    if (!this.#packer.isEmpty && !this.#packer.hasRoom(bytes.length)) this.flush();
    if (!this.#packer.needsBuffer) {
      this.#add(bytes, id, rawLength);
      return undefined;
    }
    return this.#storeWithBuffer(bytes, id, rawLength);
  }

  async #storeWithBuffer(bytes: Uint8Array, id: Uint8Array, rawLength: number): Promise<void> {
    const kept = Uint8Array.from(id);
    this.#packer.useBuffer(await this.#options.takeBuffer());
    this.#add(bytes, kept, rawLength);
  }

  #add(bytes: Uint8Array, id: Uint8Array, rawLength: number): void {
    this.#packer.hasRoom(bytes.length);
    if (rawLength === 0) this.#packer.add(id, bytes);
    else this.#packer.addPacked(id, bytes, rawLength);
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

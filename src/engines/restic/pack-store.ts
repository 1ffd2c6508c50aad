import type { How } from '../engine.ts';
import { idText } from './format/id.ts';
import type { IndexedPack } from './format/index-file.ts';
import { decodePackHeader } from './format/pack.ts';
import type { FinishedPack } from './packer.ts';
import { keyOf, type Repository } from './repository.ts';
import { type IndexWriter, openIndexWriter } from './write-index.ts';

/** Sums over the packs that were stored. */
export interface PackTotals {
  readonly packs: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Plain length of the blobs. */
  readonly plainBytes: number;
  readonly storedBytes: number;
}

/**
 * Stores packs and writes the index files that name them. A pack is named by an index only after it is durably stored.
 */
export class PackStore {
  readonly #repository: Repository;
  readonly #how: How;
  readonly #index: IndexWriter;
  readonly #held: Promise<void>;
  readonly #keys: string[] = [];
  #totals: PackTotals = { packs: 0, dataBlobs: 0, treeBlobs: 0, plainBytes: 0, storedBytes: 0 };

  /** `held`: when the repository may be written to. */
  constructor(repository: Repository, how: How, held: Promise<void> = Promise.resolve()) {
    this.#repository = repository;
    this.#how = how;
    this.#index = openIndexWriter(repository, how);
    this.#held = held;
  }

  get totals(): PackTotals {
    return this.#totals;
  }

  /** Keys of the packs that were stored, in the order they were. */
  get keys(): readonly string[] {
    return this.#keys;
  }

  /** Stores a pack; its buffer may be used again when the promise has settled. */
  async put(pack: FinishedPack): Promise<void> {
    const { id, buffer, header, sizeBytes, blobs, plainBytes } = pack;
    const key = keyOf('data', idText(id));
    await this.#held;
    // All blobs of a pack are of one type, and the first byte of the header tells it. The next run reads trees again.
    const isTree = (header[0]! & 1) === 1;
    const bytes = new Uint8Array(buffer, 0, sizeBytes);
    await this.#repository.store.put(key, bytes, { ...this.#how, kept: isTree ? 'use' : undefined });
    this.#keys.push(key);
    const totals = this.#totals;
    this.#totals = {
      packs: totals.packs + 1,
      dataBlobs: totals.dataBlobs + (isTree ? 0 : blobs),
      treeBlobs: totals.treeBlobs + (isTree ? blobs : 0),
      plainBytes: totals.plainBytes + plainBytes,
      storedBytes: totals.storedBytes + sizeBytes,
    };
    // Until the index is written the header's bytes are kept, not an object for each blob.
    const entries = { [Symbol.iterator]: () => decodePackHeader(header, sizeBytes, key).values() };
    await this.#index.add({ id, blobs: entries }, blobs, sizeBytes);
  }

  /** Has a pack that is already stored named by an index too. */
  async adopt(pack: IndexedPack, blobs: number): Promise<void> {
    await this.#held;
    await this.#index.add(pack, blobs);
  }

  /** Writes the index of the packs that have none yet. */
  async flush(): Promise<void> {
    await this.#held;
    await this.#index.finish();
  }
}

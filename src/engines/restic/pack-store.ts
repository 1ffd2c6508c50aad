import type { How } from '../engine.ts';
import { idText } from './format/id.ts';
import { encodeIndex, MAX_INDEX_BLOBS } from './format/index-file.ts';
import { decodePackHeader, type PackEntry } from './format/pack.ts';
import type { FinishedPack } from './packer.ts';
import { keyOf, type Repository } from './repository.ts';

/** An index is also written after this much, so that a killed run leaves little that the next one has to look for. */
const INDEX_EVERY_BYTES = 2 ** 30;

/** Sums over the packs that were stored. */
export interface PackTotals {
  readonly packs: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** Plain length of the blobs. */
  readonly plainBytes: number;
  readonly storedBytes: number;
}

interface UnindexedPack {
  readonly id: Uint8Array;
  readonly header: Uint8Array;
  readonly sizeBytes: number;
}

/**
 * Stores packs and writes the index files that name them. A pack is named by an index only after it is durably stored.
 */
export class PackStore {
  readonly #repository: Repository;
  readonly #how: How;
  #unindexed: UnindexedPack[] = [];
  #unindexedBlobs = 0;
  #unindexedBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #totals = { packs: 0, dataBlobs: 0, treeBlobs: 0, plainBytes: 0, storedBytes: 0 };

  constructor(repository: Repository, how: How) {
    this.#repository = repository;
    this.#how = how;
  }

  get totals(): PackTotals {
    return this.#totals;
  }

  /** Stores a pack; its buffer may be used again when the promise has settled. */
  async put(pack: FinishedPack): Promise<void> {
    const file = new Uint8Array(pack.buffer, 0, pack.sizeBytes);
    await this.#repository.store.put(keyOf('data', idText(pack.id)), file, this.#how);
    this.#unindexed.push({ id: pack.id, header: pack.header, sizeBytes: pack.sizeBytes });
    this.#unindexedBlobs += pack.blobs;
    this.#unindexedBytes += pack.sizeBytes;
    // All blobs of a pack are of one type, and the first byte of the header tells it.
    const isTree = (pack.header[0]! & 1) === 1;
    this.#totals = {
      packs: this.#totals.packs + 1,
      dataBlobs: this.#totals.dataBlobs + (isTree ? 0 : pack.blobs),
      treeBlobs: this.#totals.treeBlobs + (isTree ? pack.blobs : 0),
      plainBytes: this.#totals.plainBytes + pack.plainBytes,
      storedBytes: this.#totals.storedBytes + pack.sizeBytes,
    };
    if (this.#unindexedBlobs >= MAX_INDEX_BLOBS || this.#unindexedBytes >= INDEX_EVERY_BYTES) await this.flush();
  }

  /** Writes an index of the packs that have none yet. */
  async flush(): Promise<void> {
    const packs = this.#unindexed;
    this.#unindexed = [];
    this.#unindexedBlobs = 0;
    this.#unindexedBytes = 0;
    if (packs.length > 0) this.#writing = Promise.all([this.#writing, this.#writeIndex(packs)]).then(() => undefined);
    await this.#writing;
  }

  async #writeIndex(packs: readonly UnindexedPack[]): Promise<void> {
    const index = encodeIndex(packs.map((pack) => ({ id: pack.id, blobs: entriesOf(pack) })));
    await this.#repository.writeUnpacked('index', index, this.#how);
  }
}

function entriesOf({ id, header, sizeBytes }: UnindexedPack): PackEntry[] {
  return decodePackHeader(header, sizeBytes, keyOf('data', idText(id)));
}

/** Stores blobs in new packs with an index of their own, or only counts them. */
import type { How } from '../../engine.ts';
import { type BlobType, DATA, TREE } from '../blob-table.ts';
import { idText } from '../format/id.ts';
import type { PackEntry } from '../format/pack.ts';
import { openLane } from '../pack-lane.ts';
import { PackStore } from '../pack-store.ts';
import type { Repository } from '../repository.ts';
import { blobKey } from './lost-blobs.ts';

export interface BlobWriter {
  /** Whether it was stored by this writer, or stands in a pack that it adopted. */
  has(id: Uint8Array, type: BlobType): boolean;
  add(id: Uint8Array, type: BlobType, plain: Uint8Array): Promise<void>;
  /** A blob as it is sealed in this repository; `rawLength` is 0 where it is not compressed. */
  addSealed(id: Uint8Array, type: BlobType, sealed: Uint8Array, rawLength: number): Promise<void>;
  /** Has a pack that no index names named by one. */
  adopt(id: Uint8Array, blobs: readonly PackEntry[]): Promise<void>;
  /** Stores what is packed and then the index of it all. Returns the keys of the packs. */
  finish(): Promise<readonly string[]>;
}

export function openBlobWriter(repository: Repository, { dryRun, ...how }: How & { dryRun: boolean }): BlobWriter {
  const packs = new PackStore(repository, how);
  const lanes = { [DATA]: openLane(repository, packs, DATA), [TREE]: openLane(repository, packs, TREE) };
  const stored = new Set<string>();
  const isNew = (id: Uint8Array, type: BlobType): boolean => {
    const key = blobKey(idText(id), type);
    if (stored.has(key)) return false;
    stored.add(key);
    return !dryRun;
  };
  return {
    has: (id, type) => stored.has(blobKey(idText(id), type)),
    async add(id, type, plain) {
      if (isNew(id, type)) await lanes[type].add(id, plain);
    },
    async addSealed(id, type, sealed, rawLength) {
      if (isNew(id, type)) await lanes[type].addSealed(id, sealed, rawLength);
    },
    async adopt(id, blobs) {
      for (const blob of blobs) stored.add(blobKey(idText(blob.id), blob.type));
      if (!dryRun) await packs.adopt({ id, blobs }, blobs.length);
    },
    async finish() {
      if (dryRun) return [];
      await lanes[DATA].finish();
      await lanes[TREE].finish();
      await packs.flush();
      return packs.keys;
    },
  };
}

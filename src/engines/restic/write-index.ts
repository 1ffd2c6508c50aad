/** Writes index files. */
import type { How } from '../engine.ts';
import { encodeIndex, type IndexedPack, MAX_INDEX_BLOBS } from './format/index-file.ts';
import type { Repository } from './repository.ts';

/** An index is also written after so much, so that a killed run leaves little that the next one has to look for. */
const EVERY_BYTES = 2 ** 30;

export interface IndexWriter {
  /** Adds a pack with `blobs` entries and `sizeBytes`; writes a file when there is enough for one. */
  add(pack: IndexedPack, blobs: number, sizeBytes?: number): Promise<void>;
  /** Writes the rest. Returns the ids of all files written. */
  finish(): Promise<readonly string[]>;
}

export function openIndexWriter(repository: Repository, how: How): IndexWriter {
  let waiting: IndexedPack[] = [];
  let waitingBlobs = 0;
  let waitingBytes = 0;
  const ids: string[] = [];

  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    const json = encodeIndex(waiting);
    waiting = [];
    waitingBlobs = 0;
    waitingBytes = 0;
    ids.push(await repository.writeUnpacked('index', json, how));
  }

  return {
    async add(pack, blobs, sizeBytes = 0) {
      if (blobs === 0) return;
      waiting.push(pack);
      waitingBlobs += blobs;
      waitingBytes += sizeBytes;
      if (waitingBlobs >= MAX_INDEX_BLOBS || waitingBytes >= EVERY_BYTES) await flush();
    },
    async finish() {
      await flush();
      return ids;
    },
  };
}

/** Reads trees for a walk in name order, ahead of it: trees of neighbours mostly stand side by side in one pack. */
import type { How } from '../engine.ts';
import { blobRanges } from './blob-ranges.ts';
import { type BlobTable, TREE } from './blob-table.ts';
import { idBytes, idText } from './format/id.ts';
import { readBlob } from './read-blob.ts';
import { readRange } from './read-range.ts';
import type { Repository } from './repository.ts';

/** Trees read ahead may use about so much memory. */
const AHEAD_BYTES = 32 * 1024 * 1024;

export interface TreeReader {
  /** The plain tree, checked. Throws `tree.damaged` when it can not be had. */
  read(id: string, how: How): Promise<Uint8Array>;
  /** Begins to read trees that will be asked for soon. */
  ahead(ids: readonly string[], how: How): void;
}

/** With `kept`, trees that were read earlier and are kept on this machine will do. They are checked all the same. */
export function openTreeReader(repository: Repository, table: BlobTable, kept?: 'use'): TreeReader {
  const waiting = new Map<string, { readonly tree: Promise<Uint8Array>; readonly sizeBytes: number }>();
  let waitingBytes = 0;

  function take(id: string): Promise<Uint8Array> | undefined {
    const found = waiting.get(id);
    if (found === undefined) return undefined;
    waiting.delete(id);
    waitingBytes -= found.sizeBytes;
    return found.tree;
  }

  return {
    read: (id, how) => take(id) ?? readBlob(repository, table, idBytes(id), TREE, { ...how, kept }),
    ahead(ids, how) {
      const entries: number[] = [];
      for (const id of ids) {
        const entry = table.findText(id, TREE);
        if (entry < 0 || !table.isStored(entry) || waiting.has(id)) continue;
        if (waitingBytes > AHEAD_BYTES) break;
        entries.push(entry);
        const sizeBytes = table.rawLengthOf(entry) || table.lengthOf(entry);
        waitingBytes += sizeBytes;
        waiting.set(id, { tree: NEVER, sizeBytes });
      }
      for (const range of blobRanges(table, entries)) {
        const trees = readRange(repository, table, range, { ...how, kept });
        range.entries.forEach((entry, at) => {
          const id = idText(table.idOf(entry));
          // A tree that can not be read fails alone: it is read again by itself, and that failure is the one reported.
          const tree = trees.then(
            (all) => all[at]!,
            () => readBlob(repository, table, table.idOf(entry), TREE, how),
          );
          tree.catch(() => undefined);
          waiting.set(id, { tree, sizeBytes: waiting.get(id)!.sizeBytes });
        });
      }
    },
  };
}

const NEVER = new Promise<Uint8Array>(() => {});

import { unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { isAbsence } from './read.ts';
import { type Root, syncFolder } from './root.ts';

/** Deletes files in an order that survives a power cut. */
export interface Deleter {
  delete(key: string): Promise<void>;
  /** Makes all deletes durable. */
  settle(): Promise<void>;
}

/**
 * One fsync for each deleted file would be slow, and within one kind of file the order does not matter. Between kinds it does: an index that
 * came back after the packs it names are gone is damage. So what was deleted is made durable before the next kind's turn.
 */
export function openDeleter(root: Root, sync: (folder: string) => Promise<void> = syncFolder): Deleter {
  const unsettled = new Set<string>();
  let kind: string | undefined;
  let settling: Promise<void> = Promise.resolve();

  /** One at a time: who finds nothing left to settle must not go ahead of another who is still at it. */
  function settle(): Promise<void> {
    settling = settling.then(settleAll, settleAll);
    return settling;
  }

  async function settleAll(): Promise<void> {
    for (const folder of [...unsettled]) {
      // What is deleted in it from here on needs another turn.
      unsettled.delete(folder);
      try {
        await sync(folder);
      } catch (error) {
        // A folder that is gone has nothing in it that could come back.
        if (isAbsence(error)) continue;
        unsettled.add(folder);
        throw error;
      }
    }
  }

  return {
    settle,
    async delete(key) {
      const [first] = key.split('/');
      if (first !== kind) await settle();
      kind = first;
      const path = join(root.path, key);
      try {
        await unlink(path);
        unsettled.add(dirname(path));
      } catch (error) {
        if (!isAbsence(error) && systemCode(error) !== 'EISDIR') throw error;
        await root.require();
      }
    },
  };
}

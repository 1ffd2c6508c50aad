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
export function openDeleter(root: Root): Deleter {
  const unsettled = new Set<string>();
  let kind: string | undefined;

  async function settle(): Promise<void> {
    for (const folder of [...unsettled]) {
      await syncDeletes(folder);
      unsettled.delete(folder);
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

/** A folder that is gone has nothing in it that could come back. */
async function syncDeletes(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

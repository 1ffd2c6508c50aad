import type { How } from '../store.ts';
import type { Connections } from './connections.ts';
import { isFolder, removeFile, statPath } from './requests.ts';
import type { Root } from './root.ts';
import type { Session } from './session.ts';
import { StatusError } from './wire.ts';

/** Deletes files in an order that survives a power cut, as far as the server lets a client see to it. */
export interface Deleter {
  delete(key: string, how: How): Promise<void>;
  /** Makes all deletes durable. */
  settle(): Promise<void>;
}

/**
 * SFTP can not make a folder durable, only a file; but the journal of the common file systems keeps the order, so that a new file that is
 * durable (`barrier`) has all deletes before it. One for each delete would be slow; one between kinds of files is what matters: an index that came back after
 * the packs it names are gone is damage.
 */
export function openDeleter(connections: Connections, root: Root, barrier: () => Promise<void>): Deleter {
  let unsettled = false;
  let kind: string | undefined;
  let settling: Promise<void> = Promise.resolve();

  /** One at a time: who finds nothing left to settle must not go ahead of another who is still at it. */
  function settle(): Promise<void> {
    settling = settling.then(settleAll, settleAll);
    return settling;
  }

  async function settleAll(): Promise<void> {
    if (!unsettled) return;
    unsettled = false;
    try {
      await barrier();
    } catch (error) {
      unsettled = true;
      throw error;
    }
  }

  return {
    settle,
    async delete(key, how) {
      const [first] = key.split('/');
      if (first !== kind) await settle();
      kind = first;
      if (await connections.use(how.signal, (session) => remove(session, root, key))) unsettled = true;
    },
  };
}

/** False when there was nothing to delete. */
async function remove(session: Session, root: Root, key: string): Promise<boolean> {
  const path = root.at(key);
  try {
    await removeFile(session, path);
    return true;
  } catch (error) {
    if (!(await root.isAbsence(session, path, error)) && !(await isFolderAt(session, path))) throw error;
    await root.require(session);
    return false;
  }
}

async function isFolderAt(session: Session, path: string): Promise<boolean> {
  const found = await statPath(session, path).catch((error: unknown) => {
    if (error instanceof StatusError) return undefined;
    throw error;
  });
  return found !== undefined && isFolder(found);
}

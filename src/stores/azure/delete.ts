import { hasCode } from '../../base/errors.ts';
import type { How } from '../store.ts';
import { ask, blobOf, type Container } from './container.ts';
import { serviceCode } from './failure.ts';

/** Deletes a blob with the snapshots somebody took of it. Where the account keeps versions or deleted blobs, it keeps this one. */
export async function deleteBlob(container: Container, key: string, how: How): Promise<void> {
  try {
    await ask(container, `delete ${key}`, how, (sending) =>
      blobOf(container, key).delete({ ...sending, deleteSnapshots: 'include' }),
    );
  } catch (error) {
    const code = serviceCode(error);
    if (hasCode(error, 'store.not-found') && code !== 'ContainerNotFound') return;
    // Accounts with a hierarchical namespace have folders, which are no bodies.
    if (code === 'DirectoryIsNotEmpty') return;
    throw error;
  }
}

import { hasCode } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { How } from '../../engine.ts';
import type { BlobTable } from '../blob-table.ts';
import { idBytes } from '../format/id.ts';
import type { PackStore } from '../pack-store.ts';
import { readHeader } from '../read-header.ts';
import type { Repository, RepositoryFile } from '../repository.ts';
import { packIds } from './present-index.ts';

/**
 * Goes on from what a killed run stored: packs that no index names are read as their headers tell, so that their blobs are not stored again,
 * and get an index together with what this run stores. A pack whose header can not be read is left for `prune`. `stored` are the packs that are there.
 */
export async function adoptPacks(
  repository: Repository,
  table: BlobTable,
  packs: PackStore,
  stored: readonly RepositoryFile[],
  how: How,
): Promise<number> {
  const known = new Set(packIds(table));
  const loose = stored.filter(({ id }) => !known.has(id));
  let adopted = 0;
  await eachConcurrently(loose, repository.store.traits.connections, how.signal, async (file, signal) => {
    try {
      const blobs = await readHeader(repository, file, { signal });
      const id = idBytes(file.id);
      const pack = table.addPack(id);
      if (pack < 0) return;
      for (const blob of blobs) table.add(blob.id, blob.type, { ...blob, pack });
      await packs.adopt({ id, blobs }, blobs.length);
      adopted += 1;
    } catch (error) {
      if (!hasCode(error, 'repository.damaged', 'store.not-found')) throw error;
    }
  });
  return adopted;
}

/** Makes the index anew from what the packs say of themselves. */
import { hasCode } from '../../base/errors.ts';
import { eachConcurrently } from '../../base/limit.ts';
import type { How, ProgressHow, RebuildReport } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import type { BlobTable } from './blob-table.ts';
import { idText } from './format/id.ts';
import type { PackEntry } from './format/pack.ts';
import { loadIndex } from './load-index.ts';
import { withLock } from './locks.ts';
import { groupByPack, packEntry } from './pack-entries.ts';
import { packKey } from './pack-key.ts';
import { openBlob } from './read-blob.ts';
import { readHeader } from './read-header.ts';
import { keyOf, type Repository, type RepositoryFile } from './repository.ts';
import { type IndexWriter, openIndexWriter } from './write-index.ts';

/**
 * Reads the headers of all packs, stores a new index and then removes the old index files, also damaged ones. Of a pack whose header can
 * not be read, those blobs stay in the index that the old one knew and that are still good.
 */
export async function rebuildIndex(repository: Repository, how: How & ProgressHow): Promise<RebuildReport> {
  return await withLock(repository, { signal: how.signal, exclusive: true }, async (signal) => {
    const inner = { signal, progress: pacedProgress(how, repository.clock) };
    const old = await repository.files('index', inner);
    const packs = await repository.files('data', inner);
    const writer = openIndexWriter(repository, inner);
    const unreadable = await addHeaders(repository, packs, writer, inner);
    if (unreadable.length > 0) await addSurvivors(repository, unreadable, writer, inner);
    const written = await writer.finish();
    for (const { id } of old) await repository.deleteFile('index', id, inner);
    return { packs: packs.length - unreadable.length, indexes: written.length, unreadable };
  });
}

/** Returns the ids of the packs whose header can not be read. */
async function addHeaders(
  repository: Repository,
  packs: readonly RepositoryFile[],
  writer: IndexWriter,
  how: How & ProgressHow,
): Promise<string[]> {
  const unreadable: string[] = [];
  let items = 0;
  await eachConcurrently(packs, repository.store.traits.connections, how.signal, async (pack, signal) => {
    try {
      const blobs = await readHeader(repository, pack, { signal });
      await writer.add({ id: Buffer.from(pack.id, 'hex'), blobs }, blobs.length);
    } catch (error) {
      if (!hasCode(error, 'repository.damaged')) throw error;
      unreadable.push(pack.id);
    }
    items += 1;
    how.progress?.({ phase: 'read', items, totalItems: packs.length, sizeBytes: 0, current: keyOf('data', pack.id) });
  });
  return unreadable;
}

async function addSurvivors(
  repository: Repository,
  ids: readonly string[],
  writer: IndexWriter,
  how: How,
): Promise<void> {
  const { table } = await loadIndex(repository, { signal: how.signal, onDamaged: () => undefined });
  const entries = groupByPack(table);
  for (let pack = 0; pack < table.packCount; pack++) {
    if (!ids.includes(idText(table.packId(pack)))) continue;
    const blobs: PackEntry[] = [];
    for (const entry of entries.of(pack))
      if (await isGood(repository, table, entry, how)) blobs.push(packEntry(table, entry));
    await writer.add({ id: table.packId(pack), blobs }, blobs.length);
  }
}

async function isGood(repository: Repository, table: BlobTable, entry: number, how: How): Promise<boolean> {
  const { pack, offset, length, rawLength } = table.location(entry);
  try {
    const sealed = await repository.store.read(packKey(table, pack), { offset, length }, how);
    return typeof openBlob(repository.sealer, sealed, rawLength, table.idOf(entry)) !== 'string';
  } catch (error) {
    if (hasCode(error, 'store.incomplete')) return false;
    throw error;
  }
}

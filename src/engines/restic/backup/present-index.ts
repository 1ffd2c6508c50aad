import type { CopyingHow } from '../../engine.ts';
import type { BlobTable } from '../blob-table.ts';
import { idText } from '../format/id.ts';
import { type LoadedIndex, loadIndex } from '../load-index.ts';
import { keyOf, type Repository, type RepositoryFile } from '../repository.ts';

const WARNINGS_MAX = 20;

/** The index as far as its packs are there. */
export interface PresentIndex extends LoadedIndex {
  /** The packs that are there, also those that no index names. */
  readonly stored: readonly RepositoryFile[];
}

/**
 * Loads the index for a run that relies on it: what stood in packs that are gone does not count as stored, so it is read and stored again. Each of
 * them is warned about, since older snapshots may need it. A pack is there before an index names it, so only a list that is made after the
 * index was read tells that one is gone; the list that is made at the same time mostly has them all.
 */
export async function loadPresentIndex(repository: Repository, how: CopyingHow): Promise<PresentIndex> {
  const [index, early] = await Promise.all([
    loadIndex(repository, { signal: how.signal, own: true }),
    repository.files('data', how),
  ]);
  if (absent(index, early).length === 0) return { ...index, stored: early };
  const stored = await repository.files('data', how);
  const gone = absent(index, stored);
  if (gone.length === 0) return { ...index, stored };
  for (const id of gone.slice(0, WARNINGS_MAX)) warnAbout(keyOf('data', id), how);
  if (gone.length > WARNINGS_MAX) warnAbout(`and ${gone.length - WARNINGS_MAX} more`, how);
  const rest = await loadIndex(repository, { signal: how.signal, own: true, without: new Set(gone) });
  return { ...rest, stored };
}

function absent({ table }: LoadedIndex, stored: readonly RepositoryFile[]): string[] {
  const there = new Set(stored.map(({ id }) => id));
  return packIds(table).filter((id) => !there.has(id));
}

function warnAbout(key: string, how: CopyingHow): void {
  const message =
    'is missing from the repository; what it held is stored again, but older snapshots may need more of it';
  how.warn({ code: 'pack.missing', path: key, message });
}

/** Ids of all packs in the table, as hex digits. */
export function packIds(table: BlobTable): string[] {
  return Array.from({ length: table.packCount }, (_, pack) => idText(table.packId(pack)));
}

/** Compares the packs that are there with what the index says of them, without reading them. */
import { formatBytes } from '../../../base/bytes.ts';
import type { How } from '../../engine.ts';
import type { BlobTable } from '../blob-table.ts';
import { idText } from '../format/id.ts';
import { entryBytes, HEADER_OVERHEAD } from '../format/pack.ts';
import { packKey } from '../pack-key.ts';
import { keyOf, type Repository, type RepositoryFile } from '../repository.ts';
import type { Findings } from './findings.ts';

export interface PacksFound {
  /** Size of each pack of the table as it is stored; -1 for one that is missing. */
  readonly sizes: Float64Array;
  /** Packs that no index names. */
  readonly unindexed: readonly RepositoryFile[];
}

export async function findPacks(repository: Repository, table: BlobTable, how: How): Promise<PacksFound> {
  const listed = new Map((await repository.files('data', how)).map((file) => [file.id, file]));
  const sizes = new Float64Array(table.packCount);
  for (let pack = 0; pack < sizes.length; pack++) {
    const id = idText(table.packId(pack));
    sizes[pack] = listed.get(id)?.sizeBytes ?? -1;
    listed.delete(id);
  }
  return { sizes, unindexed: [...listed.values()] };
}

/** A pack is as long as its blobs and its header. `isWanted` says which packs matter. */
export function checkPacks(
  table: BlobTable,
  { sizes }: PacksFound,
  isWanted: (pack: number) => boolean,
  findings: Findings,
): void {
  const expected = expectedSizes(table);
  for (let pack = 0; pack < sizes.length; pack++) {
    if (sizes[pack] === expected[pack] || !isWanted(pack)) continue;
    const key = packKey(table, pack);
    if (sizes[pack] === -1) {
      findings.addMissingPack(pack, { code: 'pack.missing', key, message: `${key} is missing` });
      continue;
    }
    const message = `${key} has ${sizes[pack]} bytes instead of the ${expected[pack]} that the index says`;
    findings.addForPack(pack, cutOff(table, pack, sizes[pack]!), { code: 'pack.size', key, message });
  }
}

function expectedSizes(table: BlobTable): Float64Array {
  const expected = new Float64Array(table.packCount).fill(HEADER_OVERHEAD);
  for (let entry = 0; entry < table.count; entry++) {
    if (!table.isStored(entry)) continue;
    expected[table.packOf(entry)]! += table.lengthOf(entry) + entryBytes(table.rawLengthOf(entry));
  }
  return expected;
}

/** Entries of a pack that end behind its last byte. */
function* cutOff(table: BlobTable, pack: number, sizeBytes: number): Generator<number> {
  for (let entry = 0; entry < table.count; entry++) {
    if (table.packOf(entry) !== pack) continue;
    if (table.offsetOf(entry) + table.lengthOf(entry) > sizeBytes) yield entry;
  }
}

export function noteUnindexed({ unindexed }: PacksFound, findings: Findings): void {
  if (unindexed.length === 0) return;
  const sizeBytes = unindexed.reduce((sum, file) => sum + file.sizeBytes, 0);
  const which = unindexed.length === 1 ? `${keyOf('data', unindexed[0]!.id)} is` : `${unindexed.length} packs are`;
  findings.notes.push(
    `${which} in no index (${formatBytes(sizeBytes)}): left by a run that was interrupted, or of one that is at work; prune removes them`,
  );
}

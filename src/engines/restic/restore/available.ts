/** What of a repository's content can be had, by its index and the sizes of its packs. */
import { SuretyError } from '../../../base/errors.ts';
import type { How } from '../../engine.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import type { Copies } from '../copies.ts';
import { damaged } from '../format/damaged.ts';
import { idText } from '../format/id.ts';
import { entryBytes, HEADER_OVERHEAD } from '../format/pack.ts';
import { packKey } from '../pack-key.ts';
import type { Repository, RepositoryFile } from '../repository.ts';

export interface Available {
  /** The entry of a data blob in a pack that is there and long enough; -1 when there is none. */
  find(id: string): number;
  /** Why a blob can not be found, naming the file of the repository. */
  explain(id: string): SuretyError;
}

/** The least that follows the last blob of a pack: the header with one entry, and its length. */
const TAIL_BYTES = HEADER_OVERHEAD + entryBytes(0);

export interface Known {
  readonly table: BlobTable;
  readonly copies: Copies;
  /** A list that was begun when the index was. */
  readonly packs: Promise<readonly RepositoryFile[]>;
}

/** Lists the packs once more where one seems to be missing: it may be newer than the list. */
export async function findAvailable(
  repository: Repository,
  { table, copies, packs }: Known,
  how: How,
): Promise<Available> {
  const early = packSizes(table, await packs);
  const sizes = early.includes(0) ? packSizes(table, await repository.files('data', how)) : early;
  const isThere = (entry: number): boolean =>
    table.isStored(entry) && table.offsetOf(entry) + table.lengthOf(entry) + TAIL_BYTES <= sizes[table.packOf(entry)]!;
  return {
    find(id) {
      const entry = table.findText(id, DATA);
      if (entry < 0 || isThere(entry)) return entry;
      return copies.of(entry).find(isThere) ?? -1;
    },
    explain(id) {
      const entry = table.findText(id, DATA);
      if (entry < 0 || !table.isStored(entry)) return lost(id);
      const size = sizes[table.packOf(entry)]!;
      return damaged(
        packKey(table, table.packOf(entry)),
        size === 0 ? 'the file is missing' : `it ends at ${size} bytes, too early`,
      );
    },
  };
}

function lost(id: string): SuretyError {
  return new SuretyError('repository.damaged', `blob ${id.slice(0, 16)} is in no index file`, {
    hint: 'rebuild the index, then try again',
    details: { blob: id },
  });
}

/** Sizes by pack number; 0 for one that is not there. */
function packSizes(table: BlobTable, packs: readonly RepositoryFile[]): Float64Array {
  const listed = new Map(packs.map(({ id, sizeBytes }) => [id, sizeBytes]));
  const sizes = new Float64Array(table.packCount);
  for (let pack = 0; pack < sizes.length; pack++) sizes[pack] = listed.get(idText(table.packId(pack))) ?? 0;
  return sizes;
}

import type { BlobTable } from './blob-table.ts';
import { idText } from './format/id.ts';
import { keyOf } from './repository.ts';

/** The store's key of the pack with this number in the table. */
export function packKey(table: BlobTable, pack: number): string {
  return keyOf('data', idText(table.packId(pack)));
}

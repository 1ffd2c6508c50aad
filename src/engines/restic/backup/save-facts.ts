import type { Entry } from '../../../sources/source.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import { FACTS_FILE } from '../facts.ts';
import { idText } from '../format/id.ts';
import { sha256 } from '../sha256.ts';
import type { ContentStore } from './content-store.ts';
import type { EntriesReader } from './read-entries.ts';

export interface SaveFactsOptions {
  readonly reader: EntriesReader;
  readonly table: BlobTable;
  readonly content: ContentStore;
  readonly document: object;
  /** Newest time in the snapshot: the document gets it, so that an unchanged source gives an unchanged tree. */
  readonly newestNs: bigint;
}

/** Writes what Surety remembers about the source into the root of the tree. */
export async function saveFacts({ reader, table, content, document, newestNs }: SaveFactsOptions): Promise<void> {
  const json = Buffer.from(`${JSON.stringify(document)}\n`);
  const id = sha256(json);
  const ids = table.find(id, DATA) >= 0 ? [idText(id)] : (await content.saveStream([json])).ids;
  const times = { mtimeNs: newestNs, ctimeNs: newestNs };
  reader.reserved?.write({ ...DOCUMENT, ...times, sizeBytes: json.length }, { content: ids });
}

const DOCUMENT: Entry = {
  ...{ path: FACTS_FILE, type: 'file', mode: 0o600, uid: 0, gid: 0, user: '', group: '' },
  ...{ mtimeNs: 0n, ctimeNs: 0n, sizeBytes: 0, inode: 0n, device: 0n, links: 1 },
};

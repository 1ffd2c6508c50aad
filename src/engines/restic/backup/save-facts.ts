import type { Entry, SourceFacts } from '../../../sources/source.ts';
import type { BackupHow } from '../../engine.ts';
import { type BlobTable, DATA } from '../blob-table.ts';
import { FACTS_FILE } from '../facts.ts';
import { idText } from '../format/id.ts';
import type { Repository } from '../repository.ts';
import { sha256 } from '../sha256.ts';
import type { ContentStore } from './content-store.ts';
import type { EntriesReader } from './read-entries.ts';

export interface SaveFactsOptions {
  readonly reader: EntriesReader;
  readonly repository: Repository;
  readonly table: BlobTable;
  readonly content: ContentStore;
  readonly facts: SourceFacts;
  readonly host: string;
  readonly warnings: number;
  /** Newest time in the snapshot: the document gets it, so that an unchanged source gives an unchanged tree. */
  readonly newestNs: bigint;
  readonly how: BackupHow;
}

/** Writes what Surety remembers about the source into the root of the tree. */
export async function saveFacts(options: SaveFactsOptions): Promise<void> {
  const { reader, repository, table, content, facts, host, warnings, newestNs, how } = options;
  const { program } = repository.identity;
  const json = Buffer.from(`${JSON.stringify({ ...facts, source: how.source, host, program, warnings })}\n`);
  const id = sha256(json);
  const ids = table.find(id, DATA) >= 0 ? [idText(id)] : (await reader.orFailure(content.saveStream([json]))).ids;
  const times = { mtimeNs: newestNs, ctimeNs: newestNs };
  reader.reserved?.write({ ...DOCUMENT, ...times, sizeBytes: json.length }, { content: ids });
}

const DOCUMENT: Entry = {
  ...{ path: FACTS_FILE, type: 'file', mode: 0o600, uid: 0, gid: 0, user: '', group: '' },
  ...{ mtimeNs: 0n, ctimeNs: 0n, sizeBytes: 0, inode: 0n, device: 0n, links: 1 },
};

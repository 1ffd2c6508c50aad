/** Which names of an archive are one file. Grows with those only. */
import { displayName } from '../../../base/names.ts';
import type { RestoredEntry } from '../../../sources/source.ts';
import { fromRecord } from '../../entry-record.ts';
import type { LineSpool } from '../../line-spool.ts';
import { damaged } from '../repository.ts';
import type { ContentHandle, IndexRecord } from './index-record.ts';

interface LinkedFile {
  readonly record: IndexRecord;
  readonly names: number;
}

export type LinkedFiles = ReadonlyMap<string, LinkedFile>;

/** Files that have other names, by the path that has the content. Throws `repository.damaged` for a name of nothing. */
export async function findLinked(records: LineSpool<IndexRecord>, key: string): Promise<LinkedFiles> {
  const counts = new Map<string, number>();
  for await (const { same_as: first } of records.values()) {
    if (first !== undefined) counts.set(first, (counts.get(first) ?? 1) + 1);
  }
  const linked = new Map<string, LinkedFile>();
  if (counts.size === 0) return linked;
  for await (const record of records.values()) {
    const names = counts.get(record.path);
    if (names !== undefined && record.sha256 !== undefined) linked.set(record.path, { record, names });
  }
  for (const path of counts.keys()) {
    if (!linked.has(path)) throw damaged(key, `it has a link to ${displayName(path)}, which is no file in it`);
  }
  return linked;
}

/** The port's view of a record. */
export function toEntry(record: IndexRecord, linked: LinkedFiles): RestoredEntry {
  if (record.type !== 'file') return fromRecord(record, { handle: undefined });
  const file = linked.get(record.same_as ?? record.path);
  if (file === undefined) return fromRecord(record, { handle: handleOf(record) });
  const { size_bytes, xattrs } = file.record;
  const how = { inode: file.record.ordinal + 1, links: file.names, handle: handleOf(file.record) };
  return fromRecord({ ...record, size_bytes, xattrs }, how);
}

function handleOf({ ordinal, size_bytes: sizeBytes, sha256 = '' }: IndexRecord): ContentHandle {
  return { ordinal, sizeBytes, sha256 };
}

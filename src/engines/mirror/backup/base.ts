/** The copies that a new one is compared with. */
import { hasCode, type SuretyError } from '../../../base/errors.ts';
import type { Xattr } from '../../../sources/source.ts';
import type { BackupHow, How } from '../../engine.ts';
import { type KnownFile, knownFile } from '../place.ts';
import { type CopyRecord, type MirrorHandle, readEntries } from '../record.ts';
import type { Repository } from '../repository.ts';

export interface Base {
  readonly record: CopyRecord;
  readonly copy: string;
  readonly files: Map<string, KnownFile>;
  readonly xattrs: Map<string, readonly Xattr[]>;
}

export interface Bases {
  /** The copy of the last run: what is not in the source any more is what this has. */
  readonly last: Base | undefined;
  /** The copy that the new one shares content with. */
  readonly shared: Base | undefined;
}

/** Of the copies of a source, oldest first. Throws `repository.damaged`, unless everything is to be read again. */
export async function readBases(
  repository: Repository,
  own: readonly CopyRecord[],
  copy: string,
  how: BackupHow,
): Promise<Bases> {
  const newest = own.at(-1);
  const last = newest && (await tryBase(repository, newest, how));
  if (repository.place.sharesContent || newest?.copy === copy) return { last, shared: last };
  const replaced = own.find((one) => one.copy === copy);
  return { last, shared: replaced && (await tryBase(repository, replaced, how)) };
}

async function tryBase(repository: Repository, record: CopyRecord, how: BackupHow): Promise<Base | undefined> {
  try {
    return await readBase(repository, record, how);
  } catch (error) {
    if (how.force !== true || !hasCode(error, 'repository.damaged')) throw error;
    const { message } = error as SuretyError;
    how.warn({ code: 'snapshot.unreadable', path: `snapshots/${record.snapshot.id}`, message });
    return undefined;
  }
}

async function readBase({ records }: Repository, record: CopyRecord, how: How): Promise<Base> {
  const base: Base = { record, copy: record.copy, files: new Map(), xattrs: new Map() };
  for await (const entry of readEntries(records, record, how)) {
    const { path, type, sizeBytes, xattrs, handle } = entry;
    if (xattrs.length > 0) base.xattrs.set(path, xattrs);
    const sha256 = (handle as MirrorHandle).sha256 ?? '';
    if (type === 'file') base.files.set(path, knownFile(entry, { sizeBytes, sha256 }));
  }
  return base;
}

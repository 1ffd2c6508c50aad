/** The copy that a new one is compared with. */
import type { Xattr } from '../../../sources/source.ts';
import type { How } from '../../engine.ts';
import { type KnownFile, knownFile } from '../place.ts';
import { type CopyRecord, type MirrorHandle, readEntries } from '../record.ts';
import type { Repository } from '../repository.ts';

export interface Base {
  readonly copy: string;
  readonly files: Map<string, KnownFile>;
  readonly xattrs: Map<string, readonly Xattr[]>;
}

/** Throws `repository.damaged`. */
export async function readBase({ records }: Repository, record: CopyRecord, how: How): Promise<Base> {
  const base: Base = { copy: record.copy, files: new Map(), xattrs: new Map() };
  for await (const entry of readEntries(records, record, how)) {
    const { path, type, sizeBytes, xattrs, handle } = entry;
    if (xattrs.length > 0) base.xattrs.set(path, xattrs);
    const sha256 = (handle as MirrorHandle).sha256 ?? '';
    if (type === 'file') base.files.set(path, knownFile(entry, { sizeBytes, sha256 }));
  }
  return base;
}

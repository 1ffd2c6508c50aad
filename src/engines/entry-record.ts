/** An entry as one JSON object: in the sidecar of a single file, and in the private index of a tar archive that is being restored. */
import type { Entry, EntryType, RestoredEntry, Xattr } from '../sources/source.ts';

export interface EntryRecord {
  readonly path: string;
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly mtime_ns: string;
  readonly size_bytes: number;
  readonly link_target?: string | undefined;
  readonly device_number?: string | undefined;
  /** Name and base64 of the value. */
  readonly xattrs?: readonly (readonly [string, string])[] | undefined;
}

export function toRecord(entry: Entry, xattrs: readonly Xattr[]): EntryRecord {
  const { path, type, mode, uid, gid, user, group, linkTarget, deviceNumber } = entry;
  return {
    ...{ path, type, mode, uid, gid, user, group },
    mtime_ns: String(entry.mtimeNs),
    size_bytes: entry.sizeBytes,
    ...(linkTarget !== undefined && { link_target: linkTarget }),
    ...(deviceNumber !== undefined && { device_number: String(deviceNumber) }),
    ...(xattrs.length > 0 && {
      xattrs: xattrs.map(({ name, value }) => [name, Buffer.from(value).toString('base64')] as const),
    }),
  };
}

/** `inode` and `links` say which files were one: they are made up, and mean something within the archive only. */
export function fromRecord(
  record: EntryRecord,
  { inode = 0, links = 1, handle }: { readonly inode?: number; readonly links?: number; readonly handle: unknown },
): RestoredEntry {
  const { path, type, mode, uid, gid, user, group } = record;
  const mtimeNs = BigInt(record.mtime_ns);
  return {
    ...{ path, type, mode, uid, gid, user, group, mtimeNs, ctimeNs: mtimeNs },
    sizeBytes: type === 'file' ? record.size_bytes : 0,
    ...{ inode: BigInt(inode), device: 0n, links },
    ...(record.link_target !== undefined && { linkTarget: record.link_target }),
    ...(record.device_number !== undefined && { deviceNumber: BigInt(record.device_number) }),
    xattrs: (record.xattrs ?? []).map(([name, value]) => ({ name, value: Buffer.from(value, 'base64') })),
    handle,
  };
}

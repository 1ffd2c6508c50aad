/** One member of an archive, as a restore needs it. */

import { joinDevice } from '../../../base/device-number.ts';
import { displayName } from '../../../base/names.ts';
import type { TarEntry } from '../../../base/tar/tar-entry.ts';
import { type EntryRecord, toRecord } from '../../entry-record.ts';
import { damaged } from '../repository.ts';

export interface IndexRecord extends EntryRecord {
  /** Which member of the archive has the content. */
  readonly ordinal: number;
  /** Of the content of a file. */
  readonly sha256?: string | undefined;
  /** Of another name of a file: the path of the one that has the content. */
  readonly same_as?: string | undefined;
}

/** What the `handle` of a restored file is. */
export interface ContentHandle {
  readonly ordinal: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * The path of a member. Leading `./` is left out, and '' is the top itself. Throws `repository.damaged` for a name that leads out of the
 * archive: who writes such has something in mind.
 */
export function memberPath(name: string, key: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..') || name.includes('\0')) {
    throw damaged(key, `it has a file that would be outside of where it is restored: ${displayName(name)}`);
  }
  return parts.join('/');
}

export function tarRecord(
  entry: TarEntry,
  {
    path,
    key,
    ordinal,
    sha256,
  }: { readonly path: string; readonly key: string; readonly ordinal: number; readonly sha256?: string },
): IndexRecord {
  const { type, mode, uid, gid, user, group, mtimeNs, sizeBytes, linkTarget, device, xattrs } = entry;
  const isLink = type === 'hardlink';
  const facts = { path, type: isLink ? ('file' as const) : type, mode, uid, gid, user, group, mtimeNs, sizeBytes };
  const numbers = { ctimeNs: mtimeNs, inode: 0n, device: 0n, links: 1 };
  const record = toRecord(
    {
      ...facts,
      ...numbers,
      ...(type === 'symlink' && { linkTarget: linkTarget ?? '' }),
      ...(device !== undefined && { deviceNumber: joinDevice(device) }),
    },
    xattrs,
  );
  return {
    ...record,
    ordinal,
    ...(sha256 !== undefined && { sha256 }),
    ...(isLink && { same_as: memberPath(linkTarget ?? '', key) }),
  };
}

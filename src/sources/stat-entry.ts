import type { BigIntStats } from 'node:fs';
import type { Owners } from '../base/owners.ts';
import type { Entry, EntryType } from './source.ts';

/** The entry for what the system says of a file, directory or special file; without a link's target and a device's number. */
export function statEntry(path: string, type: EntryType, stats: BigIntStats, owners: Owners): Entry {
  const uid = Number(stats.uid);
  const gid = Number(stats.gid);
  return {
    path,
    type,
    mode: Number(stats.mode) & 0o7777,
    uid,
    gid,
    user: owners.user(uid),
    group: owners.group(gid),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    sizeBytes: type === 'file' ? Number(stats.size) : 0,
    inode: stats.ino,
    device: stats.dev,
    links: Number(stats.nlink),
  };
}

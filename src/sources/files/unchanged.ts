import fs, { type BigIntStats } from 'node:fs';
import { decodeName, systemPath } from '../../base/names.ts';
import type { RestoredEntry } from '../source.ts';
import { look, typeOf } from './entry.ts';
import { xattrReader } from './xattrs.ts';

const readXattrs = xattrReader(() => {});

/**
 * Whether what is there has the entry's type, size, time to the nanosecond, mode, owner and extended attributes. Contents are not
 * read. Only of files with one name, and of links: whether names belong together can not be told from one of them.
 */
export function isUnchanged(entry: RestoredEntry, path: string, found: BigIntStats): boolean {
  if (entry.type !== typeOf(found) || found.mtimeNs !== entry.mtimeNs) return false;
  if (Number(found.uid) !== entry.uid || Number(found.gid) !== entry.gid) return false;
  if (found.nlink !== 1n || entry.links > 1) return false;
  if (entry.type === 'symlink') return linkTarget(path) === entry.linkTarget && hasXattrs(entry, path);
  if (entry.type !== 'file' || Number(found.size) !== entry.sizeBytes) return false;
  return (Number(found.mode) & 0o7777) === entry.mode && hasXattrs(entry, path);
}

/** The same of a folder, whatever is in it. */
export function isUnchangedFolder(entry: RestoredEntry, path: string): boolean {
  const found = look(path);
  if (found === undefined || entry.type !== 'dir' || !found.isDirectory() || found.mtimeNs !== entry.mtimeNs)
    return false;
  if (Number(found.uid) !== entry.uid || Number(found.gid) !== entry.gid) return false;
  return (Number(found.mode) & 0o7777) === entry.mode && hasXattrs(entry, path);
}

function linkTarget(path: string): string {
  return decodeName(fs.readlinkSync(systemPath(path), 'buffer'));
}

function hasXattrs(entry: RestoredEntry, path: string): boolean {
  const found = new Map(readXattrs(entry.path, path).map(({ name, value }) => [name, value]));
  if (found.size !== entry.xattrs.length) return false;
  return entry.xattrs.every(({ name, value }) => {
    const other = found.get(name);
    return other !== undefined && Buffer.compare(value, other) === 0;
  });
}

import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import nodePath from 'node:path';
import { messageOf, systemCode } from '../../base/errors.ts';
import type { Owners } from '../../base/owners.ts';
import { getXattr, listXattrs } from '../../base/posix.ts';
import type { Entry, Warning, Xattr } from '../source.ts';
import { statEntry } from '../stat-entry.ts';
import type { Place } from './place.ts';

/** Entries of the directories above the database, outermost first. Links among them are followed. */
export async function directoryEntries(place: Place, owners: Owners): Promise<Entry[]> {
  const names = place.entryPath.split('/').slice(0, -1);
  const entries: Entry[] = [];
  for (const index of names.keys()) {
    const entryPath = names.slice(0, index + 1).join('/');
    const stats = await stat(nodePath.join(place.base, entryPath), { bigint: true });
    entries.push(makeEntry(entryPath, 'dir', stats, owners));
  }
  return entries;
}

/**
 * The entry of the database: its own metadata, but changed whenever its contents are. In WAL mode new contents are in
 * the -wal file only, so the later time of both counts; else an engine would take the database for unchanged.
 */
export async function databaseEntry(place: Place, stats: BigIntStats, owners: Owners): Promise<Entry> {
  const entry = makeEntry(place.entryPath, 'file', stats, owners);
  const log = await walStats(place.path);
  if (log === undefined || log.size === 0n) return entry;
  return { ...entry, mtimeNs: later(entry.mtimeNs, log.mtimeNs), ctimeNs: later(entry.ctimeNs, log.ctimeNs) };
}

/** The -wal file beside the database, if there is one. */
export async function walStats(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(`${path}-wal`, { bigint: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function later(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

function makeEntry(path: string, type: 'file' | 'dir', stats: BigIntStats, owners: Owners): Entry {
  const entry = statEntry(path, type, stats, owners);
  // A copy shares nothing with other names of the original.
  return type === 'file' ? { ...entry, links: 1 } : entry;
}

/** Extended attributes of what is at `path`; what can not be read is warned about and left out. */
export function readXattrs(path: string, entry: Entry, warn: (warning: Warning) => void): Xattr[] {
  try {
    return listXattrs(path).flatMap((name) => {
      const value = getXattr(path, name);
      return value === undefined ? [] : [{ name, value }];
    });
  } catch (error) {
    const message = `attributes can not be read: ${messageOf(error)}`;
    warn({ code: 'attribute.unreadable', path: entry.path, message });
    return [];
  }
}

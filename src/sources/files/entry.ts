import fs, { type BigIntStats } from 'node:fs';
import { decodeName, systemPath } from '../../base/names.ts';
import type { Owners } from '../../base/owners.ts';
import type { Entry, EntryType } from '../source.ts';
import { statEntry } from '../stat-entry.ts';

const TYPES: Readonly<Record<number, EntryType>> = {
  32768: 'file',
  16384: 'dir',
  40960: 'symlink',
  4096: 'fifo',
  49152: 'socket',
  8192: 'chardev',
  24576: 'dev',
};

/** The type of what was looked at. */
export function typeOf(stats: BigIntStats): EntryType {
  return TYPES[Number(stats.mode) & 0o170000] ?? 'file';
}

/**
 * What `path` is, without following it if it is a link; undefined when nothing is there. Throws other system errors.
 */
export function look(path: string): BigIntStats | undefined {
  return fs.lstatSync(systemPath(path), { bigint: true, throwIfNoEntry: false });
}

/** As {@link look}, but of what a link points to. */
export function lookThrough(path: string): BigIntStats | undefined {
  return fs.statSync(systemPath(path), { bigint: true, throwIfNoEntry: false });
}

/** Where the links of a path lead; the path itself when nothing is there. */
export function throughLinks(path: string): string {
  try {
    return decodeName(fs.realpathSync.native(systemPath(path), 'buffer'));
  } catch {
    return path;
  }
}

/** The entry at `entryPath`. Reads the target of a link at `path`; that throws the system's errors. */
export function makeEntry(entryPath: string, path: string, stats: BigIntStats, owners: Owners): Entry {
  const type = typeOf(stats);
  const entry = statEntry(entryPath, type, stats, owners);
  if (type === 'symlink') return { ...entry, linkTarget: decodeName(fs.readlinkSync(systemPath(path), 'buffer')) };
  if (type === 'chardev' || type === 'dev') return { ...entry, deviceNumber: stats.rdev };
  return entry;
}

/** The names in a directory, unordered. Throws the system's errors. */
export function readNames(directory: string): string[] {
  const system = systemPath(directory);
  const names = fs.readdirSync(system, 'utf8');
  // The replacement character may stand for bytes that are not UTF-8; only their bytes tell.
  for (const name of names) if (name.includes('\ufffd')) return fs.readdirSync(system, 'buffer').map(decodeName);
  return names;
}

/** One file, directory or link with its metadata. Part of the port `source.ts`, from which others take it. */

export type EntryType = 'file' | 'dir' | 'symlink' | 'fifo' | 'socket' | 'chardev' | 'dev';

/** Metadata of one file, directory, link or special file. */
export interface Entry {
  /** Names joined by '/', no leading slash; each name as {@link import('../base/names.ts')} decodes it. */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits with set-user-id, set-group-id and sticky: 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of owner and group, '' when unknown. */
  readonly user: string;
  readonly group: string;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Content size of a file, else 0. For a stream of unknown length: -1. */
  readonly sizeBytes: number;
  readonly inode: bigint;
  /** The device (file system) it is on. */
  readonly device: bigint;
  /** Number of hard links. */
  readonly links: number;
  /** Of a symlink: its target, decoded like a name. */
  readonly linkTarget?: string;
  /** Of a device node: its number (st_rdev). */
  readonly deviceNumber?: bigint;
}

export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

/** The file that an engine may add at the top of a snapshot, for {@link import('./facts.ts').SourceFacts}. A source stores and restores none of that name there. */
export const RESERVED_NAME = '.surety-snapshot.json';

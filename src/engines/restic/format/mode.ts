/** Go's `os.FileMode`, which trees store, against permission bits and entry types as Unix has them. */
import type { EntryType } from '../../../sources/source.ts';

const SETUID = 0x800000;
const SETGID = 0x400000;
const STICKY = 0x100000;

const TYPE_BITS: Readonly<Record<EntryType, number>> = {
  file: 0,
  dir: 0x80000000,
  symlink: 0x08000000,
  dev: 0x04000000,
  chardev: 0x04200000,
  fifo: 0x02000000,
  socket: 0x01000000,
};

/** Go's mode for a type and permission bits (0o7777). */
export function goMode(type: EntryType, mode: number): number {
  let bits = TYPE_BITS[type] + (mode & 0o777);
  if (mode & 0o4000) bits += SETUID;
  if (mode & 0o2000) bits += SETGID;
  if (mode & 0o1000) bits += STICKY;
  return bits;
}

/** Permission bits (0o7777) of Go's mode. */
export function permissions(bits: number): number {
  return (bits & 0o777) | (bits & SETUID ? 0o4000 : 0) | (bits & SETGID ? 0o2000 : 0) | (bits & STICKY ? 0o1000 : 0);
}

/** The entry type that a node's `type` names, or undefined for one that can not be restored (`irregular`, or newer than this program). */
export function entryType(name: string): EntryType | undefined {
  return Object.hasOwn(TYPE_BITS, name) ? (name as EntryType) : undefined;
}

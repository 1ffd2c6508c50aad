import type { Entry } from './source.ts';

/**
 * A file that a program makes while it is read: a dump. It is private to its owner, and its size is known only at its end.
 * `path` as {@link Entry.path}; `time` is when the dump began, which is the state it shows.
 */
export function dumpEntry(path: string, time: Date): Entry {
  const timeNs = BigInt(time.getTime()) * 1_000_000n;
  return {
    path,
    type: 'file',
    mode: 0o600,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    user: '',
    group: '',
    mtimeNs: timeNs,
    ctimeNs: timeNs,
    sizeBytes: -1,
    inode: 0n,
    device: 0n,
    links: 1,
  };
}

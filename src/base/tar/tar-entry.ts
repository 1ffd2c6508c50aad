/** What a tar archive says of one of its members, whatever dialect it is written in. */
export type TarType = 'file' | 'dir' | 'symlink' | 'hardlink' | 'fifo' | 'chardev' | 'dev';

export interface TarEntry {
  /** As it stands in the archive, each byte decoded as `base/names.ts` does; a directory's has no slash at its end. */
  readonly name: string;
  readonly type: TarType;
  /** 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  /** Nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Bytes of content that follow; 0 for all but files. */
  readonly sizeBytes: number;
  /** Of a symlink its target, of a hard link the name of the member it is another name of. */
  readonly linkTarget?: string | undefined;
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
  readonly xattrs: readonly TarXattr[];
}

export interface TarXattr {
  readonly name: string;
  readonly value: Uint8Array;
}

export const BLOCK_BYTES = 512;

/** Zero bytes after content of this size, up to the next block. */
export function paddingBytes(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** Writes restored files: synchronous calls on open files, for worker threads and for the few the main thread writes itself. */
import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { setTimes } from '../../../base/posix.ts';
import type { PlacedAttributes } from '../../../sources/source.ts';

/** A path as `systemPath` gives it, or its bytes as they come out of a message. */
export type SystemPath = string | Uint8Array;

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** What a file system keeps as holes; runs of zeros are left out in such steps. */
export const BLOCK_BYTES = 4096;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Creates a file that nobody else may read until it is complete. Throws EEXIST when something is there. */
export function createFile(path: SystemPath): number {
  return openSync(nodePath(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/** Opens a file that `createFile` made. */
export function openCreated(path: SystemPath): number {
  return openSync(nodePath(path), O_WRONLY | O_NOFOLLOW);
}

function nodePath(path: SystemPath): string | Buffer {
  return typeof path === 'string' ? path : Buffer.from(path.buffer, path.byteOffset, path.byteLength);
}

/** Removes a file that could not be completed; it may be gone already. */
export function removeCreated(path: SystemPath): void {
  try {
    unlinkSync(nodePath(path));
  } catch {
    // What stays keeps mode 0600, and is reported with the error that led here.
  }
}

/**
 * Writes `bytes` at `position` of a new file but for zeros in whole blocks, which a new file has anyway: so sparse files stay
 * sparse. Returns where the last byte written ends, 0 when there is none.
 */
export function writeContent(fd: number, bytes: Uint8Array, position: number): number {
  let end = 0;
  eachStretch(bytes, position, 0, bytes.length, (from, to) => {
    writeStretch(fd, bytes, from, to, position);
    end = position + to;
  });
  return end;
}

/** Visits the parts of `bytes` between `start` and `stop` that are not whole blocks of zeros; `position`: where `bytes` begin in the file. */
export function eachStretch(
  bytes: Uint8Array,
  position: number,
  start: number,
  stop: number,
  visit: (from: number, to: number) => void,
): void {
  let from = start;
  for (let at = start; at < stop; ) {
    const next = Math.min(stop, at + BLOCK_BYTES - ((position + at) % BLOCK_BYTES));
    if (isZero(bytes, at, next)) {
      if (from < at) visit(from, at);
      from = next;
    }
    at = next;
  }
  if (from < stop) visit(from, stop);
}

/** Three bytes tell nearly always. */
function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from] !== 0 || bytes[to - 1] !== 0 || bytes[(from + to) >> 1] !== 0) return false;
  return ZEROS.compare(bytes, from, to, 0, to - from) === 0;
}

/** Writes the part of `bytes` from `from` to `to`; `position`: where `bytes` begin in the file. */
export function writeStretch(fd: number, bytes: Uint8Array, from: number, to: number, position: number): void {
  for (let at = from; at < to; ) at += writeSync(fd, bytes, at, to - at, position + at);
}

/** Makes the file as long as it is to be; what was not written is a hole. */
export function setLength(fd: number, sizeBytes: number): void {
  ftruncateSync(fd, sizeBytes);
}

/** Owner first, since a new owner clears set-user-id; times last, since the others touch them. */
export function setAttributes(fd: number, { owner, mode, mtimeNs }: PlacedAttributes): void {
  if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
  fchmodSync(fd, mode);
  setTimes(fd, mtimeNs);
}

export function closeFile(fd: number): void {
  closeSync(fd);
}

/** Reads files of this machine that a walk saw a while ago: synchronous calls, for worker threads. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode } from '../../../base/errors.ts';
import { readAhead } from '../../../base/posix.ts';
import { FILE_CHANGED, FILE_GREW, FILE_OK, SEGMENT_BYTES } from './messages.ts';

// A path may have become a link, a pipe or a device since the walk: links are not followed, nothing blocks, and what is not a
// regular file is refused before a byte of it counts.
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const NO_ATIME = constants.O_NOATIME ?? 0;

/** Reading for a backup leaves access times alone where the system allows it: for the owner and root. */
function openForReading(path: string | Uint8Array): number {
  const target = typeof path === 'string' ? path : Buffer.from(path.buffer, path.byteOffset, path.byteLength);
  if (NO_ATIME === 0) return openSync(target, OPEN_FLAGS);
  try {
    return openSync(target, OPEN_FLAGS | NO_ATIME);
  } catch (error) {
    if (systemCode(error) !== 'EPERM') throw error;
    return openSync(target, OPEN_FLAGS);
  }
}

interface FileState {
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

interface FilePart extends FileState {
  readonly sizeBytes: number;
  /** Of the whole file, when the part had been read. */
  readonly fileBytes: number;
}

/** How many files are open ahead of the one being read. */
const FILES_AHEAD = 32;

/** Files that are opened some time before they are read, so that the disk is at work while the processor is. */
export interface FilesAhead extends Disposable {
  /** Reads the next file: each is asked for once, in order. Throws the system's errors. */
  readNext(seen: SeenFile, buffer: Uint8Array): { file: FilePart; state: number };
}

export interface SeenFile {
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
}

/** `sizes` are what the walk saw. */
export function openAhead(paths: readonly (string | Uint8Array)[], sizes: ArrayLike<number>): FilesAhead {
  const open: (number | { readonly error: unknown })[] = [];
  let opened = 0;
  let next = 0;

  function openUpTo(end: number): void {
    for (; opened < Math.min(end, paths.length); opened++) {
      try {
        const file = openForReading(paths[opened]!);
        readAhead(file, 0, sizes[opened]!);
        open.push(file);
      } catch (error) {
        // As far ahead as the limit on open files allows; each file that is read makes room for another.
        if (open.length > 0 && isShortOfFiles(error)) return;
        open.push({ error });
      }
    }
  }

  return {
    readNext(seen, buffer) {
      openUpTo(next + FILES_AHEAD);
      const path = paths[next++]!;
      const file = open.shift()!;
      if (typeof file !== 'number') throw file.error;
      return readSettled(path, file, seen, buffer);
    },
    [Symbol.dispose]() {
      for (const file of open) if (typeof file === 'number') closeSync(file);
    },
  };
}

/** The process or the machine has too many files open: that says nothing of the file that was to be opened. */
export function isShortOfFiles(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes(systemCode(error) ?? '');
}

/**
 * Reads a file that the walk saw a while ago. One that is not as it was seen is read once more, with what is true now: only a file
 * that goes on changing under the reader is a changed one. Closes `opened`. Throws the system's errors.
 */
function readSettled(
  path: string | Uint8Array,
  opened: number,
  seen: SeenFile,
  buffer: Uint8Array,
): { file: FilePart; state: number } {
  const first = readWhole(opened, seen.sizeBytes, buffer);
  if (isSame(first, seen)) return { file: first, state: FILE_OK };
  const again = readWhole(openForReading(path), first.fileBytes, buffer);
  if (again.fileBytes > SEGMENT_BYTES) return { file: again, state: FILE_GREW };
  return { file: again, state: isSame(again, first) ? FILE_OK : FILE_CHANGED };
}

function isSame(file: FilePart, seen: SeenFile): boolean {
  return file.sizeBytes === seen.sizeBytes && file.sizeBytes === file.fileBytes && file.mtimeNs === seen.mtimeNs;
}

/** Reads an open file and closes it. */
function readWhole(file: number, expectedBytes: number, buffer: Uint8Array): FilePart {
  try {
    const got = readSync(file, buffer, 0, Math.min(expectedBytes, SEGMENT_BYTES) + 1, null);
    const stat = regular(file);
    if (got === stat.fileBytes) return { ...stat, sizeBytes: got };
    const more = readUpTo(file, buffer.subarray(got), SEGMENT_BYTES + 1 - got, null);
    return { ...regular(file), sizeBytes: got + more };
  } finally {
    closeSync(file);
  }
}

/** Reads up to a segment of a file from `offset` on. Throws the system's errors. */
export function readPart(path: string | Uint8Array, offset: number, buffer: Uint8Array): FilePart {
  const file = openForReading(path);
  try {
    const sizeBytes = readUpTo(file, buffer, SEGMENT_BYTES, offset);
    // The next segment begins a little before where this one ends.
    if (sizeBytes === SEGMENT_BYTES) readAhead(file, offset + sizeBytes, SEGMENT_BYTES);
    return { ...regular(file), sizeBytes };
  } finally {
    closeSync(file);
  }
}

/** A regular file gives fewer bytes than asked for only at its end. */
function readUpTo(file: number, buffer: Uint8Array, wanted: number, offset: number | null): number {
  let done = 0;
  while (done < wanted) {
    const got = readSync(file, buffer, done, wanted - done, offset === null ? null : offset + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

function regular(file: number): FileState & { readonly fileBytes: number } {
  const stat = fstatSync(file, { bigint: true });
  if (!stat.isFile()) throw Object.assign(new Error('is not a regular file any more'), { code: 'ENOTREG' });
  return { fileBytes: Number(stat.size), mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs };
}

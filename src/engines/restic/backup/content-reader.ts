import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf, systemCode } from '../../../base/errors.ts';
import type { Chunker } from '../chunker.ts';
import type { BlobSaver } from './blob-saver.ts';
import {
  type BackupTask,
  FILE_CHANGED,
  FILE_FAILED,
  FILE_GREW,
  FILE_OK,
  type FilesTask,
  type FromBackupWorker,
  SEGMENT_BYTES,
  type SettledFile,
} from './messages.ts';

const ID_BYTES = 32;

export interface ContentReaderOptions {
  readonly chunker: Chunker;
  readonly saver: BlobSaver;
  readonly post: (message: FromBackupWorker, transfer?: ArrayBuffer[]) => void;
}

/** Carries out the tasks of a backup worker. */
export function createContentReader({ chunker, saver, post }: ContentReaderOptions): {
  run(task: BackupTask): Promise<void>;
} {
  const ids = createIdList();

  /** Cuts the buffer's bytes up to `to`; without `last` the bytes behind the last cut are left. Returns the cuts. */
  function cutsOf(to: number, last: boolean): number[] {
    const cuts: number[] = [];
    for (let from = 0; from < to; ) {
      const cut = chunker.cut(from, to);
      if (cut === to && !last) break;
      cuts.push(cut);
      from = cut;
    }
    return cuts;
  }

  async function saveChunks(cuts: readonly number[]): Promise<void> {
    let from = 0;
    for (const cut of cuts) {
      const pending = saver.save(chunker.buffer.subarray(from, cut), ids.next());
      if (pending !== undefined) await pending;
      from = cut;
    }
  }

  async function readFiles(task: FilesTask): Promise<void> {
    const total = task.paths.length;
    const states = new Uint8Array(total);
    const sizes = new Float64Array(total);
    const counts = new Int32Array(total);
    const failures: { index: number; code: string; message: string }[] = [];
    ids.clear();
    const settled: SettledFile[] = [];
    for (let index = 0; index < total; index++) {
      try {
        const seen = { sizeBytes: task.sizes[index]!, mtimeNs: task.mtimesNs[index]! };
        const { file, state } = readSettled(task.paths[index]!, seen, chunker.buffer);
        states[index] = state;
        sizes[index] = file.sizeBytes;
        if (state === FILE_GREW) continue;
        if (file.mtimeNs !== seen.mtimeNs) settled.push({ index, mtimeNs: file.mtimeNs, ctimeNs: file.ctimeNs });
        const before = ids.count;
        await saveChunks(cutsOf(file.sizeBytes, true));
        counts[index] = ids.count - before;
      } catch (error) {
        states[index] = FILE_FAILED;
        failures.push({ index, code: systemCode(error) ?? '', message: messageOf(error) });
      }
    }
    post({ kind: 'files', task: task.task, states, sizes, counts, ids: ids.take(), settled, failures });
  }

  async function readSegment(task: Extract<BackupTask, { kind: 'segment' }>): Promise<void> {
    const part = readPart(task.path, task.offset, chunker.buffer);
    const end = part.sizeBytes < SEGMENT_BYTES;
    const cuts = cutsOf(part.sizeBytes, end);
    const sizeBytes = cuts.at(-1) ?? 0;
    post({ kind: 'cut', task: task.task, next: task.offset + sizeBytes, end, tail: undefined });
    ids.clear();
    await saveChunks(cuts);
    const { fileBytes, mtimeNs, ctimeNs } = part;
    const done = { kind: 'segment', task: task.task, ids: ids.take(), sizeBytes, buffer: undefined } as const;
    post({ ...done, fileBytes, mtimeNs, ctimeNs });
  }

  async function takeBytes(task: Extract<BackupTask, { kind: 'bytes' }>): Promise<void> {
    const length = task.to - task.from;
    chunker.buffer.set(new Uint8Array(task.buffer, task.from, length));
    const cuts = cutsOf(length, task.last);
    const sizeBytes = cuts.at(-1) ?? 0;
    const tail = chunker.buffer.slice(sizeBytes, length).buffer;
    post({ kind: 'cut', task: task.task, next: 0, end: task.last, tail }, [tail]);
    ids.clear();
    await saveChunks(cuts);
    const done = { kind: 'segment', task: task.task, ids: ids.take(), sizeBytes, buffer: task.buffer } as const;
    post({ ...done, fileBytes: 0, mtimeNs: 0n, ctimeNs: 0n }, [task.buffer]);
  }

  return {
    run: async (task) => {
      if (task.kind === 'files') return readFiles(task);
      if (task.kind === 'segment') return readSegment(task);
      if (task.kind === 'bytes') return takeBytes(task);
      saver.flush();
      post({ kind: 'flushed', task: task.task });
    },
  };
}

/** Ids of blobs, one after another in a growing array. */
function createIdList(): { next(): Uint8Array; clear(): void; take(): Uint8Array; readonly count: number } {
  let bytes = new Uint8Array(1024 * ID_BYTES);
  let count = 0;
  return {
    next: () => {
      if ((count + 1) * ID_BYTES > bytes.length) {
        const larger = new Uint8Array(bytes.length * 2);
        larger.set(bytes);
        bytes = larger;
      }
      count += 1;
      return bytes.subarray((count - 1) * ID_BYTES, count * ID_BYTES);
    },
    clear: () => {
      count = 0;
    },
    take: () => bytes.slice(0, count * ID_BYTES),
    get count() {
      return count;
    },
  };
}

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

/**
 * Reads a file that the walk saw a while ago. One that is not as it was seen is read once more, with what is true now: only a file
 * that goes on changing under the reader is a changed one.
 */
function readSettled(
  path: string | Uint8Array,
  seen: { readonly sizeBytes: number; readonly mtimeNs: bigint },
  buffer: Uint8Array,
): { file: FilePart; state: number } {
  const first = readWhole(path, seen.sizeBytes, buffer);
  if (isSame(first, seen)) return { file: first, state: FILE_OK };
  const again = readWhole(path, first.fileBytes, buffer);
  if (again.fileBytes > SEGMENT_BYTES) return { file: again, state: FILE_GREW };
  return { file: again, state: isSame(again, first) ? FILE_OK : FILE_CHANGED };
}

function isSame(file: FilePart, seen: { readonly sizeBytes: number; readonly mtimeNs: bigint }): boolean {
  return file.sizeBytes === seen.sizeBytes && file.sizeBytes === file.fileBytes && file.mtimeNs === seen.mtimeNs;
}

function readWhole(path: string | Uint8Array, expectedBytes: number, buffer: Uint8Array): FilePart {
  const file = openForReading(path);
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

function readPart(path: string | Uint8Array, offset: number, buffer: Uint8Array): FilePart {
  const file = openForReading(path);
  try {
    const sizeBytes = readUpTo(file, buffer, SEGMENT_BYTES, offset);
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

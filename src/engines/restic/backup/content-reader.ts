import { messageOf, systemCode } from '../../../base/errors.ts';
import { type Chunker, type ChunkShape, FILE_CHUNKS, streamChunks } from '../chunker.ts';
import { ID_BYTES } from '../format/id.ts';
import type { BlobSaver } from './blob-saver.ts';
import {
  type BackupTask,
  type ContentsTask,
  FILE_FAILED,
  FILE_GREW,
  type FilesTask,
  type FromBackupWorker,
  SEGMENT_BYTES,
  type SettledFile,
} from './messages.ts';
import { isShortOfFiles, openAhead, readPart } from './read-file.ts';

export interface ContentReaderOptions {
  readonly chunker: Chunker;
  readonly saver: BlobSaver;
  readonly post: (message: FromBackupWorker, transfer?: ArrayBuffer[]) => void;
}

/**
 * Carries out the tasks of a backup worker. What can not be read is told of its file. What can not be saved is thrown and ends the
 * backup: its blobs are claimed already, so others would count on them.
 */
export function createContentReader({ chunker, saver, post }: ContentReaderOptions): {
  run(task: BackupTask): Promise<void>;
} {
  const ids = createIdList();

  /** Cuts the buffer's bytes up to `to`; without `last` the bytes behind the last cut are left. Returns the cuts. */
  function cutsOf(to: number, last: boolean, shape: ChunkShape = FILE_CHUNKS): number[] {
    const cuts: number[] = [];
    for (let from = 0; from < to; ) {
      const cut = chunker.cut(from, to, shape);
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
    using ahead = openAhead(task.paths, task.sizes);
    for (let index = 0; index < total; index++) {
      const seen = { sizeBytes: task.sizes[index]!, mtimeNs: task.mtimesNs[index]! };
      const read = attempt(() => ahead.readNext(seen, chunker.buffer));
      if ('failure' in read) {
        states[index] = FILE_FAILED;
        failures.push({ index, ...read.failure });
        continue;
      }
      const { file, state } = read.result;
      states[index] = state;
      sizes[index] = file.sizeBytes;
      if (state === FILE_GREW) continue;
      if (file.mtimeNs !== seen.mtimeNs) settled.push({ index, mtimeNs: file.mtimeNs, ctimeNs: file.ctimeNs });
      const before = ids.count;
      await saveChunks(cutsOf(file.sizeBytes, true));
      counts[index] = ids.count - before;
    }
    post({ kind: 'files', task: task.task, states, sizes, counts, ids: ids.take(), settled, failures });
  }

  async function readSegment(task: Extract<BackupTask, { kind: 'segment' }>): Promise<void> {
    const read = attempt(() => readPart(task.path, task.offset, chunker.buffer));
    if ('failure' in read) {
      post({ kind: 'failed', task: task.task, ...read.failure });
      return;
    }
    const part = read.result;
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
    const cuts = cutsOf(length, task.last, streamChunks(task.offset));
    const sizeBytes = cuts.at(-1) ?? 0;
    const tail = chunker.buffer.slice(sizeBytes, length).buffer;
    post({ kind: 'cut', task: task.task, next: task.offset + sizeBytes, end: task.last, tail }, [tail]);
    ids.clear();
    await saveChunks(cuts);
    const done = { kind: 'segment', task: task.task, ids: ids.take(), sizeBytes, buffer: task.buffer } as const;
    post({ ...done, fileBytes: 0, mtimeNs: 0n, ctimeNs: 0n }, [task.buffer]);
  }

  async function takeContents(task: ContentsTask): Promise<void> {
    const counts = new Int32Array(task.sizes.length);
    ids.clear();
    let from = 0;
    for (const [index, sizeBytes] of task.sizes.entries()) {
      chunker.buffer.set(new Uint8Array(task.buffer, from, sizeBytes));
      from += sizeBytes;
      const before = ids.count;
      await saveChunks(cutsOf(sizeBytes, true));
      counts[index] = ids.count - before;
    }
    const done = { kind: 'contents', task: task.task, counts, ids: ids.take(), buffer: task.buffer } as const;
    post(done, [task.buffer]);
  }

  return {
    run: async (task) => {
      if (task.kind === 'files') return readFiles(task);
      if (task.kind === 'contents') return takeContents(task);
      if (task.kind === 'segment') return readSegment(task);
      if (task.kind === 'bytes') return takeBytes(task);
      saver.flush();
      post({ kind: 'flushed', task: task.task });
    },
  };
}

interface FileFailure {
  /** The system's error code, '' when it has none. */
  readonly code: string;
  readonly message: string;
}

function attempt<T>(read: () => T): { readonly result: T } | { readonly failure: FileFailure } {
  try {
    return { result: read() };
  } catch (error) {
    if (isShortOfFiles(error)) throw error;
    return { failure: { code: systemCode(error) ?? '', message: messageOf(error) } };
  }
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

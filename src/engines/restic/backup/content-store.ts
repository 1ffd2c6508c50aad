import { systemPath } from '../../../base/names.ts';
import type { BlobTable } from '../blob-table.ts';
import type { Repository } from '../repository.ts';
import { repositoryGear } from '../repository-gear.ts';
import { WorkerPool } from '../worker-pool.ts';
import {
  type BackupTask,
  type BackupWorkerData,
  type ContentsDone,
  type Cut,
  type FilesDone,
  type FilesTask,
  type FromBackupWorker,
  type SegmentDone,
  STREAM_SEGMENT_BYTES,
  TAIL_BYTES,
} from './messages.ts';
import type { PackFlow } from './pack-flow.ts';

/** How many large files are read at once; each keeps several workers busy. */
const LARGE_AT_ONCE = 2;

/** Content that was saved: its blobs and what the file was like. */
export interface SavedContent {
  /** Ids of the blobs as hex digits, in order. */
  readonly ids: readonly string[];
  readonly sizeBytes: number;
  /** Of a file: times when it was read; undefined for a stream. */
  readonly mtimeNs?: bigint;
  readonly ctimeNs?: bigint;
  /** False when the file changed between its segments. */
  readonly steady: boolean;
}

/** Saves the content of files and streams with worker threads. */
export class ContentStore implements AsyncDisposable {
  readonly #pool: WorkerPool<BackupTask, FromBackupWorker>;
  readonly #flow: PackFlow;
  readonly #onPart: (sizeBytes: number) => void;
  readonly #cuts = new Map<number, (cut: Cut) => void>();
  readonly #spareBuffers: ArrayBuffer[] = [];
  #large = 0;
  readonly #largeWaiting: (() => void)[] = [];

  /** `onPart` gets the bytes of what is saved in parts as they are saved, and takes them back when it is whole or given up. */
  constructor(
    repository: Repository,
    table: BlobTable,
    flow: PackFlow,
    workers: number,
    onPart: (sizeBytes: number) => void = () => {},
  ) {
    this.#flow = flow;
    this.#onPart = onPart;
    const workerData: BackupWorkerData = {
      masterKey: repository.masterKey,
      gear: repositoryGear(repository),
      level: repository.config.version < 2 ? undefined : repository.level,
      targetBytes: repository.packSizeBytes,
      table: table.shared,
    };
    this.#pool = new WorkerPool({
      url: new URL('./worker.ts', import.meta.url),
      workers,
      workerData,
      onEvent: (message, reply) => this.#receive(message, reply),
      isEnd: ({ kind }) => kind === 'files' || kind === 'contents' || kind === 'segment' || kind === 'flushed',
    });
  }

  /** Resolves when another task can be taken without queueing it. */
  ready(): Promise<void> {
    return this.#pool.ready();
  }

  /** Saves small files, each as a whole. */
  async saveFiles(task: Omit<FilesTask, 'kind' | 'task'>): Promise<FilesDone> {
    return (await this.#pool.run((number) => ({ kind: 'files', task: number, ...task }))) as FilesDone;
  }

  /** Saves the contents of small files, `sizes` one behind the other in `buffer`, which goes to a worker. Its memory comes back in the end. */
  async saveContents(buffer: ArrayBuffer, sizes: Float64Array): Promise<ContentsDone> {
    return (await this.#pool.run((task) => ({ kind: 'contents', task, buffer, sizes }), [buffer])) as ContentsDone;
  }

  /** Saves a file in segments, which several workers share; where each begins is where the one before was cut. */
  async saveLargeFile(path: string): Promise<SavedContent> {
    await this.#takeLargeTurn();
    using parts = this.#parts();
    try {
      const segments: Promise<SegmentDone>[] = [];
      for (let offset = 0, end = false; !end; ) {
        await this.ready();
        const from = offset;
        const { done, cut } = this.#runSegment((task) => ({
          kind: 'segment',
          task,
          path: systemPath(path),
          offset: from,
        }));
        segments.push(done);
        parts.add(done);
        ({ next: offset, end } = await cut);
      }
      return joinSegments(await Promise.all(segments));
    } finally {
      this.#large -= 1;
      this.#largeWaiting.shift()?.();
    }
  }

  /** Saves a stream, consuming it no faster than the workers and the store take it. */
  async saveStream(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<SavedContent> {
    using parts = this.#parts();
    const segments: Promise<SegmentDone>[] = [];
    let filling = this.#takeBuffer();
    let used = TAIL_BYTES;
    let tail: Promise<Cut> | undefined;
    const send = async (last: boolean): Promise<void> => {
      await this.ready();
      const before = await tail;
      const left = new Uint8Array(before?.tail ?? new ArrayBuffer(0));
      const offset = before?.next ?? 0;
      const from = TAIL_BYTES - left.length;
      filling.set(left, from);
      const buffer = filling.buffer;
      const to = used;
      const { done, cut } = this.#runSegment(
        (task) => ({ kind: 'bytes', task, buffer, offset, from, to, last }),
        [buffer],
      );
      segments.push(done);
      parts.add(done);
      tail = cut;
      void done.then(
        (segment) => segment.buffer !== undefined && this.#spareBuffers.push(segment.buffer),
        () => {},
      );
      if (!last) filling = this.#takeBuffer();
      used = TAIL_BYTES;
    };
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + filling.length - used);
        filling.set(part, used);
        used += part.length;
        at += part.length;
        if (used === filling.length) await send(false);
      }
    }
    await send(true);
    return joinSegments(await Promise.all(segments));
  }

  /** Stores all packs that are not full yet, and waits for all that are on their way. */
  async flush(): Promise<void> {
    await this.#pool.runOnAll((task) => ({ kind: 'flush', task }));
    await this.#flow.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    await this.#flow.settled();
  }

  /** Tells of segments as they are saved; all that was told is taken back in the end. */
  #parts(): Disposable & { add(done: Promise<SegmentDone>): void } {
    let toldBytes = 0;
    let over = false;
    const tell = (sizeBytes: number): void => {
      if (over) return;
      toldBytes += sizeBytes;
      this.#onPart(sizeBytes);
    };
    return {
      add: (done) =>
        void done.then(
          ({ sizeBytes }) => tell(sizeBytes),
          () => {},
        ),
      [Symbol.dispose]: () => {
        over = true;
        this.#onPart(-toldBytes);
      },
    };
  }

  #runSegment(
    make: (task: number) => BackupTask,
    transfer: ArrayBuffer[] = [],
  ): { done: Promise<SegmentDone>; cut: Promise<Cut> } {
    const { promise: cut, resolve, reject } = Promise.withResolvers<Cut>();
    const numbered = (task: number): BackupTask => {
      this.#cuts.set(task, resolve);
      return make(task);
    };
    const done = this.#pool.run(numbered, transfer) as Promise<SegmentDone>;
    // Whoever waits for the cut of a segment that failed is told so; there may be nobody, and the same goes for its end.
    done.catch(reject);
    cut.catch(() => {});
    return { done, cut };
  }

  #receive(message: FromBackupWorker, reply: (message: unknown) => void): void {
    if (message.kind === 'cut') {
      this.#cuts.get(message.task)?.(message);
      this.#cuts.delete(message.task);
    } else if (message.kind === 'pack') this.#flow.send(message.pack);
    else if (message.kind === 'want-buffer') void this.#giveBuffer(reply);
  }

  async #giveBuffer(reply: (message: unknown) => void): Promise<void> {
    const buffer = await this.#flow.takeBuffer();
    reply({ kind: 'buffer', buffer });
  }

  #takeBuffer(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#spareBuffers.pop() ?? new ArrayBuffer(TAIL_BYTES + STREAM_SEGMENT_BYTES));
  }

  async #takeLargeTurn(): Promise<void> {
    while (this.#large >= LARGE_AT_ONCE) await new Promise<void>((resolve) => this.#largeWaiting.push(resolve));
    this.#large += 1;
  }
}

function joinSegments(segments: readonly SegmentDone[]): SavedContent {
  const first = segments[0]!;
  const last = segments.at(-1)!;
  return {
    ids: segments.flatMap(({ ids }) => hexIds(ids)),
    sizeBytes: segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...(last.buffer === undefined ? { mtimeNs: last.mtimeNs, ctimeNs: last.ctimeNs } : {}),
    steady: first.mtimeNs === last.mtimeNs && first.fileBytes === last.fileBytes,
  };
}

/** Ids that stand one after another in `bytes`, as hex digits. */
export function hexIds(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  const ids: string[] = [];
  for (let at = 0; at < text.length; at += 64) ids.push(text.slice(at, at + 64));
  return ids;
}

/** Moves data blobs from the packs of one repository into new packs of another, with worker threads. */
import { hasCode, SuretyError } from '../../../base/errors.ts';
import { eachConcurrently } from '../../../base/limit.ts';
import type { Failure } from '../backup/failure.ts';
import type { PackFlow } from '../backup/pack-flow.ts';
import { type BlobRange, blobRanges } from '../blob-ranges.ts';
import type { BlobTable } from '../blob-table.ts';
import { openByteBudget } from '../byte-budget.ts';
import { findCopies, openCarefulReader } from '../copies.ts';
import { packKey } from '../pack-key.ts';
import type { Repository } from '../repository.ts';
import { WorkerPool } from '../worker-pool.ts';
import type { CopyTask, CopyWorkerData, FromCopyWorker } from './messages.ts';

/** Most packs are read whole, in one request. */
const RANGE_BYTES = 16 * 1024 * 1024;
/** What is read and not moved yet, in all. */
const BUDGET_BYTES = 64 * 1024 * 1024;

export interface MoverOptions {
  readonly from: Repository;
  readonly fromTable: BlobTable;
  readonly to: Repository;
  readonly toTable: BlobTable;
  readonly flow: PackFlow;
  readonly failure: Failure;
}

export interface BlobMover extends AsyncDisposable {
  /**
   * Moves the blobs of these entries; `onBytes` is told how much was read of each range. One that is damaged is taken from another place in its repository.
   * Throws `repository.damaged`, naming the first that can not be had, when all others are moved.
   */
  move(entries: Iterable<number>, signal: AbortSignal, onBytes: (sizeBytes: number) => void): Promise<void>;
  /** Stores what is packed so far. */
  flush(): Promise<void>;
}

export function openBlobMover(options: MoverOptions): BlobMover {
  const { from, fromTable: table, flow, failure } = options;
  const pool = openPool(options);
  const budget = openByteBudget(BUDGET_BYTES);
  const careful = openCarefulReader(from, table, findCopies(table));
  const run = (make: (task: number) => CopyTask, transfer?: ArrayBuffer[]) => failure.during(pool.run(make, transfer));

  /** Entries of the range that are not good where they were looked for. */
  async function moveRange(range: BlobRange, signal: AbortSignal): Promise<readonly number[]> {
    const bytes = await readBytes(from, table, range, signal);
    if (bytes === undefined) return range.entries;
    const { offset } = range;
    const entries = Uint32Array.from(range.entries);
    const done = await run((task) => ({ kind: 'move', task, offset, bytes, entries }), [bytes]);
    return done.kind === 'moved' ? done.bad : [];
  }

  async function mend(entry: number, signal: AbortSignal): Promise<readonly SuretyError[]> {
    try {
      const bytes = await careful.read(entry, { signal });
      await run((task) => ({ kind: 'add', task, id: table.idOf(entry), bytes }));
      return [];
    } catch (error) {
      if (error instanceof SuretyError && hasCode(error, 'repository.damaged')) return [error];
      throw error;
    }
  }

  return {
    async move(entries, signal, onBytes) {
      const lost: SuretyError[] = [];
      const places = Math.max(from.store.traits.connections, options.to.workers * 2 + 1);
      const ranges = blobRanges(table, entries, RANGE_BYTES);
      await eachConcurrently(ranges, places, signal, async (range, inner) => {
        await budget.take(range.length, inner);
        try {
          for (const entry of await moveRange(range, inner)) lost.push(...(await mend(entry, inner)));
          failure.throwIfAny();
          onBytes(range.length);
        } finally {
          budget.give(range.length);
        }
      });
      if (lost.length > 0) throw allLost(lost);
    },
    async flush() {
      await failure.during(pool.runOnAll((task) => ({ kind: 'flush', task })));
      await failure.during(flow.settled());
      failure.throwIfAny();
    },
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      await flow.settled();
    },
  };
}

function allLost([first, ...others]: readonly SuretyError[]): SuretyError {
  const { message, hint, details } = first!;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return new SuretyError('repository.damaged', `${message}${more}`, { hint, details, cause: first });
}

function openPool({ from, fromTable, to: target, toTable, flow }: MoverOptions): WorkerPool<CopyTask, FromCopyWorker> {
  const workerData: CopyWorkerData = {
    from: { masterKey: from.masterKey, table: fromTable.shared },
    to: {
      masterKey: target.masterKey,
      table: toTable.shared,
      level: target.config.version < 2 ? undefined : target.level,
      targetBytes: target.packSizeBytes,
    },
  };
  return new WorkerPool<CopyTask, FromCopyWorker>({
    url: new URL('./worker.ts', import.meta.url),
    workers: target.workers,
    workerData,
    onEvent(message, reply) {
      if (message.kind === 'pack') flow.send(message.pack);
      else if (message.kind === 'want-buffer') {
        void (async () => reply({ kind: 'buffer', buffer: await flow.takeBuffer() }))();
      }
    },
    isEnd: ({ kind }) => kind === 'moved' || kind === 'flushed',
  });
}

/** Undefined when the pack is missing or too short; then each blob is looked for by itself. */
async function readBytes(
  from: Repository,
  table: BlobTable,
  { pack, offset, length }: BlobRange,
  signal: AbortSignal,
): Promise<ArrayBuffer | undefined> {
  try {
    const bytes = await from.store.read(packKey(table, pack), { offset, length }, { signal });
    // A part of a larger buffer can not be handed to a worker.
    return bytes.length === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
  } catch (error) {
    if (hasCode(error, 'store.not-found', 'store.incomplete')) return undefined;
    throw error;
  }
}

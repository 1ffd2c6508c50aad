/** What a restore needs of the index alone: made ready while the lock is written and lists come in. */
import type { RestoredEntry } from '../../../sources/source.ts';
import type { EntriesHow, Snapshot } from '../../engine.ts';
import type { BlobTable } from '../blob-table.ts';
import { type Copies, findCopies } from '../copies.ts';
import { entriesOf } from '../entries.ts';
import type { Repository } from '../repository.ts';
import { openTreeReader, type TreeReader } from '../tree-reader.ts';
import { WorkerPool } from '../worker-pool.ts';
import type { FromRestoreWorker, PlaceTask } from './messages.ts';
import { READ_BYTES } from './plan.ts';
import { openRangeBuffers, type RangeBuffers } from './range-buffers.ts';

/** What is read and not written yet, in all. */
export const BUDGET_BYTES = 60 * 1024 * 1024;

/** So many entries are kept from the check for who writes them; more are read once more. */
const KEPT_ENTRIES = 20_000;

export type Batches = readonly (readonly RestoredEntry[])[];

export interface Prepared extends AsyncDisposable {
  readonly table: BlobTable;
  readonly copies: Copies;
  readonly trees: TreeReader;
  readonly buffers: RangeBuffers;
  readonly pool: WorkerPool<PlaceTask, FromRestoreWorker>;
  /** All entries; undefined where they are many, or where something can not be read: who reads it again is told what. */
  readonly entries: Promise<Batches | undefined>;
}

export function prepare(repository: Repository, table: BlobTable, snapshot: Snapshot, how: EntriesHow): Prepared {
  const ended = new AbortController();
  const signal = AbortSignal.any([how.signal, ended.signal]);
  const trees = openTreeReader(repository, table, 'use');
  const buffers = openRangeBuffers(BUDGET_BYTES / READ_BYTES, READ_BYTES);
  const pool = new WorkerPool<PlaceTask, FromRestoreWorker>({
    url: new URL('./worker.ts', import.meta.url),
    workers: repository.workers,
    workerData: { masterKey: repository.masterKey, table: table.shared, buffers: buffers.all },
    onEvent: () => {},
    isEnd: ({ kind }) => kind === 'placed',
  });
  if (how.contentSoon === true) pool.begin(tasksIn(snapshot, how));
  const isFew = how.select !== undefined || entriesIn(snapshot) <= KEPT_ENTRIES;
  const entries = isFew
    ? walk(trees, snapshot, { signal, select: how.select }).catch(() => undefined)
    : Promise.resolve(undefined);
  return {
    ...{ table, copies: findCopies(table), trees, buffers, pool, entries },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await pool[Symbol.asyncDispose]();
    },
  };
}

/** How many tasks there will be, as far as one can tell beforehand. A selection is mostly small. */
function tasksIn({ stats }: Snapshot, { select }: EntriesHow): number {
  if (select !== undefined) return 1;
  return stats === undefined ? Number.POSITIVE_INFINITY : Math.ceil(stats.sizeBytes / READ_BYTES);
}

/** 0 where nobody counted them. */
function entriesIn({ stats }: Snapshot): number {
  if (stats === undefined) return 0;
  return stats.filesNew + stats.filesChanged + stats.filesUnmodified + stats.dirs + stats.others;
}

async function walk(trees: TreeReader, snapshot: Snapshot, how: EntriesHow): Promise<Batches | undefined> {
  const batches: (readonly RestoredEntry[])[] = [];
  let count = 0;
  for await (const batch of entriesOf(trees, snapshot, how)) {
    count += batch.length;
    if (count > KEPT_ENTRIES) return undefined;
    batches.push(batch);
  }
  return batches;
}

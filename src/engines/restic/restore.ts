/** The verb `restore`: what a snapshot names is checked to be there, then handed out. */
import { hasCode } from '../../base/errors.ts';
import type { RestoredEntry, Restoring, SourceFacts } from '../../sources/source.ts';
import type { EntriesHow, How, Snapshot } from '../engine.ts';
import type { BlobTable } from './blob-table.ts';
import { openByteBudget } from './byte-budget.ts';
import { findCopies, openCarefulReader } from './copies.ts';
import { entriesOf } from './entries.ts';
import { FACTS_FILE, readFacts } from './facts.ts';
import type { Lock } from './keep-lock.ts';
import { loadIndex } from './load-index.ts';
import { takeLock } from './locks.ts';
import type { Repository } from './repository.ts';
import { findAvailable } from './restore/available.ts';
import { type Batches, checkContent } from './restore/check-content.ts';
import type { FromRestoreWorker, PlaceTask, RestoreWorkerData } from './restore/messages.ts';
import { place } from './restore/place.ts';
import { READ_BYTES } from './restore/plan.ts';
import { openRangeBuffers } from './restore/range-buffers.ts';
import { streamContent } from './restore/stream.ts';
import type { ContentHandle } from './restored-entry.ts';
import { openTreeReader } from './tree-reader.ts';
import { WorkerPool } from './worker-pool.ts';

/** What is read and not written yet, in all. */
const BUDGET_BYTES = 48 * 1024 * 1024;

/**
 * Checks that all selected content is in the index and in packs that are there and long enough, and begins to restore. Throws
 * `repository.damaged`, naming what is missing, `tree.damaged` and `snapshot.path-missing`. An index file that can not be
 * read matters only if something selected is not found in the others.
 *
 * Until its end a lock keeps everybody from removing anything, wherever one can be had: a restore matters more than any lock. Its file
 * keeps others away from the moment it is written, so nothing waits until it has settled.
 */
export async function restore(repository: Repository, snapshot: Snapshot, how: EntriesHow): Promise<Restoring> {
  await using begun = new AsyncDisposableStack();
  const lock = lockMeanwhile(repository, how.signal);
  begun.use(lock);
  await lock.written;
  const restoring = begun.use(await begin(repository, snapshot, how));
  const held = begun.move();
  return {
    ...restoring,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

interface SettlingLock extends AsyncDisposable {
  /** Resolves when the lock's file is there, or none can be had. */
  readonly written: Promise<void>;
}

function lockMeanwhile(repository: Repository, signal: AbortSignal): SettlingLock {
  const ended = new AbortController();
  const { promise: written, resolve } = Promise.withResolvers<void>();
  const taking = takeLock(repository, {
    ...{ exclusive: false, optional: true },
    signal: AbortSignal.any([signal, ended.signal]),
    meanwhile: async () => resolve(),
  });
  // Whatever is in its way: what the restore itself meets is told by itself.
  const lock: Promise<Lock | undefined> = taking.catch(() => undefined);
  void lock.then(() => resolve());
  return {
    written,
    async [Symbol.asyncDispose]() {
      ended.abort();
      await (await lock)?.[Symbol.asyncDispose]();
    },
  };
}

async function begin(repository: Repository, snapshot: Snapshot, how: EntriesHow): Promise<Restoring> {
  const packs = repository.files('data', { signal: how.signal });
  packs.catch(() => {});
  const { table, unreadable } = await loadReadable(repository, how);
  const copies = findCopies(table);
  const available = await findAvailable(repository, { table, copies, packs }, how);
  const trees = openTreeReader(repository, table, 'use');
  await using begun = new AsyncDisposableStack();
  const buffers = openRangeBuffers(BUDGET_BYTES / READ_BYTES, READ_BYTES);
  const pool = begun.use(
    openPool({ masterKey: repository.masterKey, table: table.shared, buffers: buffers.all }, repository.workers),
  );
  if (how.contentSoon === true) pool.begin(tasksIn(snapshot, how));
  const kept = await checkContent(trees, available, snapshot, how, unreadable);
  const facts = await readFactsOrTell(repository, table, snapshot, how);
  const tools = {
    ...{ repository, table, available, pool, buffers },
    careful: openCarefulReader(repository, table, copies),
    budget: openByteBudget(BUDGET_BYTES),
    places: repository.store.traits.connections + 2 * repository.workers,
  };
  // What is lost has been told by the check.
  const onLost = how.onLost === undefined ? undefined : () => {};
  const held = begun.move();
  return {
    facts,
    entries: () => (kept === undefined ? entriesOf(trees, snapshot, { ...how, onLost }) : replay(kept)),
    place: (files, placeHow) => place(tools, files, placeHow),
    stream: (entry, streamHow) => streamContent(tools, entry.handle as ContentHandle, streamHow),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function* replay(batches: Batches): AsyncGenerator<readonly RestoredEntry[]> {
  yield* batches;
}

/** How many tasks there will be, as far as one can tell beforehand. A selection is mostly small. */
function tasksIn({ stats }: Snapshot, { select }: EntriesHow): number {
  if (select !== undefined) return 1;
  return stats === undefined ? Number.POSITIVE_INFINITY : Math.ceil(stats.sizeBytes / READ_BYTES);
}

interface ReadableIndex {
  readonly table: BlobTable;
  /** Ids of the index files that can not be read. */
  readonly unreadable: readonly string[];
}

async function loadReadable(repository: Repository, how: How): Promise<ReadableIndex> {
  try {
    return { ...(await loadIndex(repository, { signal: how.signal })), unreadable: [] };
  } catch (error) {
    if (!hasCode(error, 'repository.damaged')) throw error;
    const unreadable: string[] = [];
    const { table } = await loadIndex(repository, { signal: how.signal, onDamaged: (id) => unreadable.push(id) });
    return { table, unreadable };
  }
}

async function readFactsOrTell(
  repository: Repository,
  table: BlobTable,
  snapshot: Snapshot,
  how: EntriesHow,
): Promise<SourceFacts | undefined> {
  try {
    return await readFacts(repository, table, snapshot, how);
  } catch (error) {
    if (how.onLost === undefined || !hasCode(error, 'repository.damaged', 'tree.damaged')) throw error;
    how.onLost(FACTS_FILE, error);
    return undefined;
  }
}

function openPool(workerData: RestoreWorkerData, workers: number): WorkerPool<PlaceTask, FromRestoreWorker> {
  return new WorkerPool({
    ...{ workers, workerData },
    url: new URL('./restore/worker.ts', import.meta.url),
    onEvent: () => {},
    isEnd: ({ kind }) => kind === 'placed',
  });
}

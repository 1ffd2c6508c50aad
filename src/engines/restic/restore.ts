/** The verb `restore`: what a snapshot names is checked to be there, then handed out. */
import { hasCode } from '../../base/errors.ts';
import type { RestoredEntry, Restoring, SourceFacts } from '../../sources/source.ts';
import type { EntriesHow, How, Snapshot } from '../engine.ts';
import type { BlobTable } from './blob-table.ts';
import { openByteBudget } from './byte-budget.ts';
import { openCarefulReader } from './copies.ts';
import { entriesOf } from './entries.ts';
import { FACTS_FILE, readFacts } from './facts.ts';
import type { Lock } from './keep-lock.ts';
import { knownIndex, loadIndex } from './load-index.ts';
import { takeLock } from './locks.ts';
import type { Repository } from './repository.ts';
import { findAvailable } from './restore/available.ts';
import { checkContent } from './restore/check-content.ts';
import { place } from './restore/place.ts';
import { type Batches, BUDGET_BYTES, type Prepared, prepare } from './restore/prepare.ts';
import { streamContent } from './restore/stream.ts';
import type { ContentHandle } from './restored-entry.ts';

/**
 * Checks that all selected content is in the index and in packs that are there and long enough, and begins to restore. Throws
 * `repository.damaged`, naming what is missing, `tree.damaged` and `snapshot.path-missing`. An index file that can not be
 * read matters only if something selected is not found in the others.
 *
 * Until its end a lock keeps everybody from removing anything, wherever one can be had: a restore matters more than any lock. Its file
 * keeps others away from the moment it is written, so nothing waits until it has settled; and who removes something waits himself until his
 * own lock has settled, which takes longer than this one to be written, so what is there is looked at meanwhile.
 */
export async function restore(repository: Repository, snapshot: Snapshot, how: EntriesHow): Promise<Restoring> {
  await using begun = new AsyncDisposableStack();
  const lock = begun.use(lockMeanwhile(repository, how.signal));
  const index = knownIndex(repository);
  const early = begun.use(index === undefined ? undefined : prepare(repository, index.table, snapshot, how));
  const restoring = begun.use(await begin(repository, snapshot, early, how));
  await lock.written;
  const held = begun.move();
  return {
    ...restoring,
    async [Symbol.asyncDispose]() {
      // Nothing is read any more, so a distant store removes the lock while the threads are ended.
      await Promise.all([lock[Symbol.asyncDispose](), held.disposeAsync()]);
    },
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
  let removing: Promise<void> | undefined;
  const remove = async (): Promise<void> => {
    ended.abort();
    await (await lock)?.[Symbol.asyncDispose]();
  };
  return {
    written,
    [Symbol.asyncDispose]() {
      removing ??= remove();
      return removing;
    },
  };
}

async function begin(
  repository: Repository,
  snapshot: Snapshot,
  early: Prepared | undefined,
  how: EntriesHow,
): Promise<Restoring> {
  const packs = repository.files('data', { signal: how.signal });
  packs.catch(() => {});
  const { table, unreadable } = await loadReadable(repository, how);
  await using begun = new AsyncDisposableStack();
  const isTheSame = early?.table === table;
  if (!isTheSame) await early?.[Symbol.asyncDispose]();
  const { copies, trees, pool, buffers, entries } = isTheSame
    ? early
    : begun.use(prepare(repository, table, snapshot, how));
  const available = await findAvailable(repository, { table, copies, packs }, how);
  const known = await entries;
  await checkContent(known ?? entriesOf(trees, snapshot, how), available, how, unreadable);
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
    entries: () => (known === undefined ? entriesOf(trees, snapshot, { ...how, onLost }) : replay(known)),
    place: (files, placeHow) => place(tools, files, placeHow),
    stream: (entry, streamHow) => streamContent(tools, entry.handle as ContentHandle, streamHow),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function* replay(batches: Batches): AsyncGenerator<readonly RestoredEntry[]> {
  yield* batches;
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

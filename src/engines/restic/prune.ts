/**
 * Removes what no snapshot needs. Whenever it is killed, the repository is whole: new packs and their index are stored before the old
 * index files go, and those go before the packs they name.
 */
import { hasCode, SuretyError } from '../../base/errors.ts';
import { eachConcurrently } from '../../base/limit.ts';
import { deleteUnlocked, type Locked, laterEnd } from '../delete-unlocked.ts';
import type { How, PruneHow, PruneReport } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import type { BlobTable } from './blob-table.ts';
import { idText } from './format/id.ts';
import { MAX_INDEX_BLOBS } from './format/index-file.ts';
import type { PackEntry } from './format/pack.ts';
import { type LoadedIndex, loadIndex } from './load-index.ts';
import { withLock } from './locks.ts';
import { markUsed } from './mark-used.ts';
import { packEntry } from './pack-entries.ts';
import type { PrunePlan } from './plan-prune.ts';
import {
  noteStuck,
  type PlanAroundLocks,
  packsNamedIn,
  planAroundLocks,
  type StuckPacks,
  withStuck,
} from './prune-locked.ts';
import { repack } from './repack.ts';
import { type FileKind, keyOf, type Repository } from './repository.ts';
import { listSnapshots } from './snapshots.ts';
import { openIndexWriter } from './write-index.ts';

/**
 * Throws `repository.damaged` (`tree.damaged`) before anything is changed when a snapshot, a tree, an index or a needed pack can not be
 * read: what is needed is unknown then. A dry run takes no exclusive lock.
 */
export async function prune(repository: Repository, how: PruneHow): Promise<PruneReport> {
  return await withLock(
    repository,
    { signal: how.signal, exclusive: !how.dryRun, optional: how.dryRun },
    async (signal) => {
      const inner = { ...how, signal, progress: pacedProgress(how, repository.clock) };
      const inspected = await inspect(repository, inner);
      const { plan, stuck } = inspected;
      const late: StuckPacks = { ids: new Set(), until: undefined };
      const newBytes = how.dryRun ? undefined : await carryOut(repository, inspected, late, inner);
      return withStuck(report(plan, newBytes), plan, stuck, late);
    },
  );
}

interface Inspected extends PlanAroundLocks {
  readonly loaded: LoadedIndex;
}

async function inspect(repository: Repository, how: PruneHow): Promise<Inspected> {
  const { snapshots, unreadable } = await listSnapshots(repository, how);
  if (unreadable[0] !== undefined) throw unreadable[0].error;
  const loaded = await loadIndex(repository, { signal: how.signal, onDamaged: rethrow });
  const roots = snapshots.map((snapshot) => snapshot.tree);
  const onTrees = (items: number): void => how.progress?.({ phase: 'check', items, sizeBytes: 0, current: 'trees' });
  const used = await markUsed(repository, loaded.table, roots, { signal: how.signal, onTrees }).catch(refuse);
  const files = await repository.files('data', how);
  const { maxUnused } = how;
  const input = { table: loaded.table, used, files, maxUnused, packSizeBytes: repository.packSizeBytes };
  return { loaded, ...(await planAroundLocks(repository, input, loaded.files, how)) };
}

/** Being told of damage has every index file read, also where it was read before: only what is there now may decide. */
function rethrow(_id: string, error: unknown): never {
  throw error;
}

function refuse(error: unknown): never {
  if (!hasCode(error, 'tree.damaged')) throw error;
  const { message, hint, details } = error;
  throw new SuretyError('repository.damaged', message, { hint, details, cause: error });
}

/** Returns the size of the new packs. What a lock keeps after all is noted in `late`. */
async function carryOut(
  repository: Repository,
  inspected: Inspected,
  late: StuckPacks,
  how: PruneHow,
): Promise<number> {
  const { loaded, plan, indexes } = inspected;
  const { table } = loaded;
  noteStuck(late, await deleteFiles(repository, 'data', plan.leftovers, how));
  const onBytes = (sizeBytes: number): void =>
    how.progress?.({ phase: 'repack', items: 0, sizeBytes, totalBytes: plan.bytes.moved });
  const moved = await repack(repository, table, entriesToMove(plan), { signal: how.signal, onBytes });
  const going = [...plan.repacked, ...plan.unneeded].map((pack) => idText(table.packId(pack)));
  const isScattered = indexes.length > SCATTERED_FILES + table.count / (MAX_INDEX_BLOBS / 2);
  const rewrites = going.length + plan.vanished.length > 0 || isScattered;
  const kept = rewrites ? await rewriteIndex(repository, inspected, how) : [];
  // An index file that could not be removed goes on naming its packs, so they stay with it.
  const named = await packsNamedIn(repository, kept, how);
  const until = kept.reduce<Date | undefined>((last, one) => laterEnd(last, one.until), undefined);
  const stay = going.filter((id) => named.has(id));
  noteStuck(
    late,
    stay.map((id) => ({ key: keyOf('data', id), until })),
  );
  const free = going.filter((id) => !named.has(id));
  noteStuck(late, await deleteFiles(repository, 'data', free, how));
  return moved.storedBytes;
}

/** Every backup adds an index file; beyond so many small ones it is worth to gather them. */
const SCATTERED_FILES = 32;

function* entriesToMove({ repacked, entries, keep }: PrunePlan): Generator<number> {
  for (const pack of repacked) for (const entry of entries.of(pack)) if (keep.has(entry)) yield entry;
}

/**
 * Writes an index of all packs that stay as they are (repacking has written that of the new ones), then removes every old index file. Returns those
 * that locks keep.
 */
async function rewriteIndex(
  repository: Repository,
  { loaded: { table }, plan, indexes }: Inspected,
  how: How,
): Promise<Locked[]> {
  const writer = openIndexWriter(repository, how);
  for (const pack of plan.kept) {
    const entries = plan.entries.of(pack);
    await writer.add({ id: table.packId(pack), blobs: blobsOf(table, entries) }, entries.length);
  }
  await writer.finish();
  return await deleteFiles(repository, 'index', indexes, how);
}

function* blobsOf(table: BlobTable, entries: Uint32Array): Generator<PackEntry> {
  for (const entry of entries) yield packEntry(table, entry);
}

/** Returns those that locks keep. */
async function deleteFiles(
  repository: Repository,
  kind: FileKind,
  ids: readonly string[],
  how: PruneHow | How,
): Promise<Locked[]> {
  const { store } = repository;
  const kept: Locked[] = [];
  let items = 0;
  await eachConcurrently(ids, store.traits.connections, how.signal, async (id, signal) => {
    const locked = await deleteUnlocked(store, keyOf(kind, id), { signal });
    if (locked !== undefined) kept.push(locked);
    items += 1;
    if ('progress' in how)
      how.progress?.({ phase: 'delete', items, totalItems: ids.length, sizeBytes: 0, current: kind });
  });
  return kept;
}

/** Without the real size of the new packs (a dry run) they are taken to be as large as what moves into them. */
function report({ kept, repacked, unneeded, leftovers, bytes }: PrunePlan, newBytes = bytes.moved): PruneReport {
  const remainingBytes = bytes.total - bytes.going + newBytes;
  return {
    packsKept: kept.length,
    packsRepacked: repacked.length,
    packsRemoved: unneeded.length + leftovers.length,
    repackedBytes: bytes.moved,
    freedBytes: bytes.total - remainingBytes,
    remainingBytes,
    remainingUnusedBytes: bytes.unusedAfter,
  };
}

/**
 * The verb `copy`: snapshots of another repository are taken over blob by blob, without their files. The order is that of a backup: packs,
 * index, snapshot last. Killed anywhere, the next copy goes on from the packs that were stored.
 */
import { hasCode } from '../../base/errors.ts';
import type { CopyHow, Copying, CopyingHow, CopyResult, Engine, Snapshot } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { adoptPacks } from './backup/adopt-packs.ts';
import { confirmIndex } from './backup/confirm-index.ts';
import { type Failure, watchFailure } from './backup/failure.ts';
import { PackFlow, sendersTo } from './backup/pack-flow.ts';
import { loadPresentIndex } from './backup/present-index.ts';
import { TreeStore } from './backup/tree-store.ts';
import type { BlobTable } from './blob-table.ts';
import { type BlobMover, openBlobMover } from './copy/blob-mover.ts';
import { findMissing } from './copy/find-missing.ts';
import { type KnownSnapshots, knownSnapshots } from './copy/known-snapshots.ts';
import { readBack } from './copy/read-back.ts';
import { createEntrySet, type EntrySet } from './entry-set.ts';
import { decodeSnapshot, encodeSnapshot, type SnapshotDocument } from './format/snapshot.ts';
import { loadIndex } from './load-index.ts';
import { confirmLocked, lockNeeded } from './lock-needed.ts';
import { takeLock } from './locks.ts';
import { PackStore } from './pack-store.ts';
import { keyOf, type Repository } from './repository.ts';
import { toSnapshot } from './snapshots.ts';

/** Undefined for a repository of another kind. Throws what locking and loading the indexes throw. */
export async function copyFrom(to: Repository, other: Engine, how: CopyingHow): Promise<Copying | undefined> {
  if (other.traits.kind !== 'restic' || other.inner === undefined) return undefined;
  const from = other.inner as Repository;
  await using opening = new AsyncDisposableStack();
  // The one that is read may be where nothing can be written.
  const reading = opening.use(await takeLock(from, { signal: how.signal, exclusive: false, optional: true }));
  const writing = opening.use(await takeLock(to, { signal: how.signal, exclusive: false }));
  const signal = AbortSignal.any([reading.signal, writing.signal]);
  const known = knownSnapshots(to);
  let working: Promise<Working> | undefined;
  opening.defer(async () => {
    await (await working?.catch(() => undefined))?.mover[Symbol.asyncDispose]();
  });
  const opened = opening.move();
  return {
    async copy(snapshot, copyHow) {
      working ??= open({ from, to, known, warn: how.warn, signal });
      const begun = working;
      try {
        return await copyOne(await begun, snapshot, copyHow);
      } catch (error) {
        // What was claimed in the index may never have been stored.
        working = undefined;
        await (await begun.catch(() => undefined))?.mover[Symbol.asyncDispose]();
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

interface Ends {
  readonly from: Repository;
  readonly to: Repository;
  readonly known: KnownSnapshots;
  readonly warn: CopyingHow['warn'];
  readonly signal: AbortSignal;
}

/** What all copies between two repositories share, as long as none fails. */
interface Working extends Ends {
  readonly fromTable: BlobTable;
  readonly toTable: BlobTable;
  /** Ids of the index files that the table of `to` is made of. */
  readonly relied: readonly string[];
  readonly seen: EntrySet;
  readonly packs: PackStore;
  readonly failure: Failure;
  readonly trees: TreeStore;
  readonly mover: BlobMover;
}

async function open(ends: Ends): Promise<Working> {
  const { from, to, signal } = ends;
  const [{ table: fromTable }, present] = await Promise.all([
    loadIndex(from, { signal }),
    loadPresentIndex(to, { signal, warn: ends.warn }),
  ]);
  const toTable = present.table;
  const packs = new PackStore(to, { signal });
  await adoptPacks(to, toTable, packs, present.stored, { signal });
  const failure = watchFailure(signal);
  // Each worker fills a pack, and so do the trees.
  const flow = new PackFlow({
    ...{ packs, targetBytes: to.packSizeBytes, fillers: to.workers + 1 },
    senders: sendersTo(to.store),
    onFailure: failure.report,
  });
  return {
    ...ends,
    ...{ fromTable, toTable, packs, failure },
    relied: present.files,
    seen: createEntrySet(fromTable.count),
    trees: new TreeStore(to, toTable, flow),
    mover: openBlobMover({ from, fromTable, to, toTable, flow, failure }),
  };
}

async function copyOne(working: Working, { id }: Snapshot, how: CopyHow): Promise<CopyResult> {
  const { from, to, known, packs, signal } = working;
  signal.throwIfAborted();
  const document = decodeSnapshot(await from.readUnpacked('snapshots', id, { signal }), keyOf('snapshots', id));
  const before = await known.find(document, { signal });
  if (before !== undefined) return { snapshot: before, already: true, readBytes: 0, storedBytes: 0, files: [] };
  const { storedBytes } = packs.totals;
  const { length } = packs.keys;
  const readBytes = await copyContent(working, document, how);
  const files = packs.keys.slice(length);
  const rereadBytes = how.readBack === true ? await readBackAll(working, files, how) : undefined;
  await packs.flush();
  await confirmIndex(to, working.relied, { signal });
  const locking = { signal, warn: working.warn };
  await lockNeeded(to, document.tree, locking);
  const snapshot = (await known.find(document, { signal })) ?? (await storeSnapshot(to, id, document, signal));
  await confirmLocked(to, snapshot.id, locking);
  return {
    ...{ snapshot, already: false, readBytes, files, rereadBytes },
    storedBytes: packs.totals.storedBytes - storedBytes,
  };
}

async function readBackAll({ to, signal }: Working, files: readonly string[], how: CopyHow): Promise<number> {
  const tell = pacedProgress(how, to.clock);
  return await readBack(to, files, signal, (sizeBytes) => tell({ phase: 'check', items: 0, sizeBytes }));
}

/** Returns the bytes of data that were read. */
async function copyContent(working: Working, { tree }: SnapshotDocument, how: CopyHow): Promise<number> {
  const { from, to, fromTable: table, toTable: target, seen, trees, failure, mover, signal } = working;
  const tell = pacedProgress(how, to.clock);
  const save = async (bytes: Uint8Array): Promise<void> => {
    trees.save(bytes).catch(failure.report);
    const ready = trees.ready();
    if (ready !== undefined) await failure.during(ready);
    failure.throwIfAny();
  };
  const onTrees = (items: number): void => tell({ phase: 'scan', items, sizeBytes: 0, current: 'trees' });
  const missing = await findMissing({ from, table, target, seen, save, onTrees }, tree, { signal });
  const totalBytes = missing.reduce((sum, entry) => sum + table.lengthOf(entry), 0);
  let readBytes = 0;
  const onBytes = (sizeBytes: number): void => {
    readBytes += sizeBytes;
    tell({ phase: 'write', items: 0, sizeBytes: readBytes, totalBytes: Math.max(totalBytes, readBytes) });
  };
  try {
    await mover.move(missing, signal, onBytes);
  } catch (error) {
    // What could be read is there for a copy from elsewhere.
    if (hasCode(error, 'repository.damaged')) await storeMoved(working);
    throw error;
  }
  await failure.during(trees.flush());
  await mover.flush();
  return readBytes;
}

async function storeMoved({ trees, mover, packs, failure }: Working): Promise<void> {
  await failure.during(trees.flush());
  await mover.flush();
  await packs.flush();
}

/** As restic's own copy writes it: the parent means nothing there, and the first id is kept. */
async function storeSnapshot(
  to: Repository,
  id: string,
  document: SnapshotDocument,
  signal: AbortSignal,
): Promise<Snapshot> {
  const copy = { ...document, parent: undefined, original: document.original ?? id };
  return toSnapshot(await to.writeUnpacked('snapshots', encodeSnapshot(copy), { signal }), copy);
}

/** The verb `backup`: entries of a source become a snapshot. Packs are stored first, then their index, the snapshot last. */
import type { Reading, SourceFacts } from '../../sources/source.ts';
import type { BackupHow, BackupResult, BackupStats, Snapshot, SnapshotFacts } from '../engine.ts';
import { adoptPacks } from './backup/adopt-packs.ts';
import { confirmIndex } from './backup/confirm-index.ts';
import { ContentStore } from './backup/content-store.ts';
import { watchFailure } from './backup/failure.ts';
import { PackFlow, sendersTo } from './backup/pack-flow.ts';
import { loadPresentIndex } from './backup/present-index.ts';
import { EntriesReader } from './backup/read-entries.ts';
import { saveFacts } from './backup/save-facts.ts';
import { Tally } from './backup/tally.ts';
import { TreeStore } from './backup/tree-store.ts';
import type { BlobTable } from './blob-table.ts';
import { FACTS_FILE } from './facts.ts';
import { encodeSnapshot, type SnapshotDocument } from './format/snapshot.ts';
import { dateToNs } from './format/time.ts';
import { confirmLocked, lockNeeded } from './lock-needed.ts';
import { withLock } from './locks.ts';
import { PackStore } from './pack-store.ts';
import type { Repository } from './repository.ts';
import { forgetListing, listSnapshots, recentSnapshots, suretyTags, toSnapshot } from './snapshots.ts';
import { openTreeReader } from './tree-reader.ts';

/**
 * The lock settles while the source is already read and compared; nothing is written before it is held. So a run that has little to
 * store does not wait for it.
 */
export async function backup(repository: Repository, reading: Reading, how: BackupHow): Promise<BackupResult> {
  const held = Promise.withResolvers<void>();
  held.promise.catch(() => {});
  const ending = new AbortController();
  const signal = AbortSignal.any([how.signal, ending.signal]);
  let work: Promise<BackupResult> | undefined;
  const meanwhile = async (staleRemoved: number): Promise<void> => {
    const packs = new PackStore(repository, { signal }, held.promise);
    work = run({ repository, reading, packs, staleRemoved, how: { ...how, signal } });
    work.catch(() => {});
  };
  try {
    return await withLock(repository, { ...how, exclusive: false, meanwhile }, async (locked) => {
      locked.addEventListener('abort', () => ending.abort(locked.reason), { once: true });
      held.resolve();
      return await work!;
    });
  } catch (error) {
    held.reject(error);
    ending.abort(error);
    await work?.catch(() => {});
    throw error;
  }
}

interface Preparation {
  readonly repository: Repository;
  readonly reading: Reading;
  readonly packs: PackStore;
  /** Locks of programs that ended without removing them. */
  readonly staleRemoved: number;
  readonly how: BackupHow;
}

async function run({ repository, reading, packs, staleRemoved, how }: Preparation): Promise<BackupResult> {
  const [parent, { table, files, stored }] = await Promise.all([
    findParent(repository, reading, how),
    loadPresentIndex(repository, how),
  ]);
  if (parent === undefined || staleRemoved > 0) await adoptPacks(repository, table, packs, stored, how);
  return await store({ repository, reading, table, indexes: files, packs, parent, how });
}

interface Run {
  readonly repository: Repository;
  readonly reading: Reading;
  readonly table: BlobTable;
  /** Ids of the index files that the table is made of. */
  readonly indexes: readonly string[];
  readonly packs: PackStore;
  readonly parent: Snapshot | undefined;
  readonly how: BackupHow;
}

async function store({ repository, reading, table, indexes, packs, parent, how }: Run): Promise<BackupResult> {
  let warnings = 0;
  const counted: BackupHow = {
    ...how,
    warn: (warning) => {
      warnings += 1;
      how.warn(warning);
    },
  };
  const failure = watchFailure(how.signal);
  const { workers } = repository;
  // Each worker fills a pack, and so do the trees.
  const onFailure = failure.report;
  const flow = new PackFlow({
    ...{ packs, targetBytes: repository.packSizeBytes, onFailure },
    ...{ fillers: workers + 1, senders: sendersTo(repository.store) },
  });
  const tally = new Tally(how.progress, () => repository.clock.elapsedMs());
  await using content = new ContentStore(repository, table, flow, workers, (sizeBytes) => tally.part(sizeBytes));
  const trees = new TreeStore(repository, table, flow);
  const reader = await EntriesReader.open({
    ...{ reading, table, content, tally, failure, how: counted },
    trees: openTreeReader(repository, table, 'use'),
    save: (tree) => trees.save(tree),
    ready: () => trees.ready(),
    parentTree: parent?.tree,
    reservedName: FACTS_FILE,
  });
  await reader.readAll();
  const facts: SourceFacts = await reading.finish();
  const { newestNs } = tally;
  const document = factsOf(repository, reading, facts, warnings, how);
  await failure.during(saveFacts({ reader, table, content, document, newestNs }));
  reader.root.release();
  const tree = await failure.during(reader.root.saved);
  await failure.during(Promise.all([content.flush(), trees.flush()]));
  await Promise.all([packs.flush(), confirmIndex(repository, indexes, how)]);
  await lockNeeded(repository, tree, counted);
  const stats = statsOf(tally, packs);
  const snapshot = await storeSnapshot(repository, reading, tree, parent, stats, how);
  await confirmLocked(repository, snapshot.id, how);
  return { snapshot, stats, facts: { ...document, recoveryPoint: how.recoveryPoint }, files: packs.keys };
}

/** What is remembered in the snapshot; nothing in it changes as long as the source does not. */
function factsOf(
  { identity }: Repository,
  { host }: Reading,
  facts: SourceFacts,
  warnings: number,
  how: BackupHow,
): Omit<SnapshotFacts, 'recoveryPoint'> {
  return { ...facts, source: how.source, host, program: identity.program, warnings };
}

/** The newest snapshot of the same series; one that restic made of the same paths serves as well. */
async function findParent(repository: Repository, reading: Reading, how: BackupHow): Promise<Snapshot | undefined> {
  const { snapshots } =
    recentSnapshots(repository) ?? (await listSnapshots(repository, { signal: how.signal, kept: 'use' }));
  const paths = reading.paths.toSorted().join('\0');
  const alike = snapshots.filter(
    (snapshot) => snapshot.host === reading.host && snapshot.paths.toSorted().join('\0') === paths,
  );
  return alike.findLast(({ source }) => source === how.source) ?? alike.findLast(({ source }) => source === '');
}

function statsOf(tally: Tally, packs: PackStore): BackupStats {
  const { filesNew, filesChanged, filesUnmodified, dirs, others, sizeBytes } = tally;
  const { plainBytes, storedBytes, dataBlobs, treeBlobs } = packs.totals;
  return {
    ...{ filesNew, filesChanged, filesUnmodified, dirs, others, sizeBytes },
    ...{ addedBytes: plainBytes, storedBytes, dataBlobs, treeBlobs },
  };
}

async function storeSnapshot(
  repository: Repository,
  reading: Reading,
  tree: string,
  parent: Snapshot | undefined,
  stats: BackupStats,
  how: BackupHow,
): Promise<Snapshot> {
  const document: SnapshotDocument = {
    timeNs: dateToNs(how.startedAt),
    parent: parent?.id,
    tree,
    paths: reading.paths,
    host: reading.host,
    user: repository.identity.user,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    excludes: how.excludes,
    tags: [...suretyTags(how.source, how.recoveryPoint), ...how.tags],
    original: undefined,
    program: repository.identity.program,
    summary: {
      startedNs: dateToNs(how.startedAt),
      endedNs: dateToNs(repository.clock.now()),
      ...stats,
      dirsNew: 0,
      dirsChanged: 0,
      dirsUnmodified: stats.dirs,
      files: stats.filesNew + stats.filesChanged + stats.filesUnmodified,
    },
  };
  const id = await repository.writeUnpacked('snapshots', encodeSnapshot(document), how);
  forgetListing(repository);
  return toSnapshot(id, document);
}

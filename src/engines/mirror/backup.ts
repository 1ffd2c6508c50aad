/** Makes the copy of a source like what is read. */
import { SuretyError } from '../../base/errors.ts';
import { type Entry, RESERVED_NAME, type Reading, type Xattr } from '../../sources/source.ts';
import type { BackupHow, BackupResult, BackupStats, How, Snapshot, SnapshotFacts } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { copyOf, inSameMonth, monthCopyOf } from './copy-name.ts';
import { takeInventory } from './list.ts';
import { lockSource } from './lock.ts';
import { type KnownFile, knownFile, type Prepared } from './place.ts';
import {
  type CopyRecord,
  entriesKey,
  entryLines,
  type ListedEntry,
  type MirrorHandle,
  readEntries,
  recordKey,
  toDocument,
} from './record.ts';
import type { Repository } from './repository.ts';

interface Base {
  readonly copy: string;
  readonly files: Map<string, KnownFile>;
  readonly xattrs: Map<string, readonly Xattr[]>;
}

/**
 * Until all is there the copy is what it was; its record is written last. Throws `repository.too-many-deletions` before anything is
 * changed.
 */
export async function backup(repository: Repository, reading: Reading, asked: BackupHow): Promise<BackupResult> {
  asked.signal.throwIfAborted();
  let warnings = 0;
  const warn: BackupHow['warn'] = (warning) => {
    warnings += 1;
    asked.warn(warning);
  };
  const how = { ...asked, warn };
  await using _lock = await lockSource(repository, how.source, how);
  const { copies } = await takeInventory(repository, how);
  const own = copies.filter(({ copy }) => copy.startsWith(`${how.source}/`));
  await repository.place.recover(how.source, new Map(own.map(({ copy, mark }) => [copy, mark])), how);
  const copy = `${how.source}/${copyOf(how.startedAt, repository.rotate)}`;
  const before = own.find((one) => one.copy === copy) ?? own.at(-1);
  if (how.isCopy === true && before !== undefined) expectNewer(before, copy, how);
  const base = before && (await readBase(repository, before, how));
  const entries = await collect(reading, repository, how);
  if (base !== undefined) expectFewDeletions(base, entries, repository, how);

  const prepared = await repository.place.update(
    { copy, reading, entries, base: how.force === true ? undefined : base },
    { ...how, sample: repository.sample, progress: progressOf(repository, entries, how) },
  );
  try {
    const listed = await withXattrs(reading, entries, prepared, base, how);
    const facts = { ...(await factsOf(repository, reading, how)), warnings };
    const stats = statsOf(entries, prepared, base);
    await prepared.commit();
    const made = await record(repository, copy, { listed, prepared, facts, stats, reading }, own, how);
    await prepared.clean();
    await keepMonth(repository, made, own, how);
    return { snapshot: made.snapshot, stats, facts };
  } catch (error) {
    await prepared.discard().catch(() => {});
    throw error;
  }
}

async function readBase({ records }: Repository, record: CopyRecord, how: How): Promise<Base> {
  const base: Base = { copy: record.copy, files: new Map(), xattrs: new Map() };
  for await (const entry of readEntries(records, record, how)) {
    const { path, type, sizeBytes, xattrs, handle } = entry;
    if (xattrs.length > 0) base.xattrs.set(path, xattrs);
    const sha256 = (handle as MirrorHandle).sha256 ?? '';
    if (type === 'file') base.files.set(path, knownFile(entry, { sizeBytes, sha256 }));
  }
  return base;
}

async function collect(reading: Reading, { clock }: Repository, how: BackupHow): Promise<Entry[]> {
  const entries: Entry[] = [];
  const report = pacedProgress(how, clock);
  for await (const batch of reading.entries()) {
    how.signal.throwIfAborted();
    for (const entry of batch) {
      if (entry.path === RESERVED_NAME) continue;
      // A socket is made by the program that listens on it.
      if (entry.type !== 'socket') entries.push(entry);
    }
    report({ phase: 'scan', items: entries.length, sizeBytes: 0 });
  }
  return entries;
}

/** A snapshot from elsewhere never puts an older state in the place of a newer one. */
function expectNewer({ copy, snapshot }: CopyRecord, replaced: string, { startedAt, source }: BackupHow): void {
  if (copy !== replaced || snapshot.time <= startedAt) return;
  throw new SuretyError('repository.cannot', `the mirror of ${source} is newer than the snapshot to be copied`, {
    hint: 'a mirror has the newest state only: copy into a repository with history',
  });
}

/** So few files may always go: a share says nothing of them. */
const FEW_FILES = 10;

function expectFewDeletions(base: Base, entries: readonly Entry[], { maxDelete }: Repository, how: BackupHow): void {
  const there = new Set(entries.flatMap(({ path, type }) => (type === 'file' ? [path] : [])));
  const gone = [...base.files.keys()].filter((path) => !there.has(path));
  if (gone.length <= FEW_FILES && there.size > 0) return;
  if (gone.length <= base.files.size * maxDelete) return;
  const share = `${gone.length} of ${base.files.size} files`;
  const example = gone.slice(0, 3).join(', ');
  throw new SuretyError(
    'repository.too-many-deletions',
    `the mirror of ${how.source} would lose ${share}, more than ${Math.round(maxDelete * 100)}% (${example}, …)`,
    {
      hint: 'look whether a disk of the source is missing; if it is right, set max_delete: 100% for one run',
      details: { gone: gone.length, of: base.files.size },
    },
  );
}

function progressOf({ clock }: Repository, entries: readonly Entry[], how: BackupHow): (writtenBytes: number) => void {
  const report = pacedProgress(how, clock);
  return (sizeBytes) => report({ phase: 'write', items: entries.length, sizeBytes });
}

/** Where asking costs a way to another host, attributes are asked for what is new: what looks the same has those it had. */
async function withXattrs(
  reading: Reading,
  entries: readonly Entry[],
  { files, xattrs: xattrsOf }: Prepared,
  base: Base | undefined,
  how: How,
): Promise<ListedEntry[]> {
  const listed: ListedEntry[] = [];
  const isHere = xattrsOf !== undefined || (reading.tree !== undefined && reading.tree.shell === undefined);
  for (let at = 0; at < entries.length; at += 1024) {
    how.signal.throwIfAborted();
    const batch = entries.slice(at, at + 1024).filter(({ type, path }) => type !== 'file' || files.has(path));
    const asked = batch.filter(
      ({ type, path }) => isHere || type !== 'file' || files.get(path) !== base?.files.get(path),
    );
    const found = await (xattrsOf ?? ((of) => reading.xattrs(of)))(asked);
    const fresh = new Map(asked.map((entry, index) => [entry, found[index] ?? []]));
    for (const entry of batch) {
      const sizeBytes = files.get(entry.path)?.sizeBytes ?? entry.sizeBytes;
      const xattrs = fresh.get(entry) ?? base?.xattrs.get(entry.path) ?? [];
      listed.push({ entry: sizeBytes === entry.sizeBytes ? entry : { ...entry, sizeBytes }, xattrs });
    }
  }
  return listed;
}

async function factsOf({ program }: Repository, reading: Reading, how: BackupHow): Promise<SnapshotFacts> {
  const facts = await reading.finish();
  const { source, recoveryPoint } = how;
  return { ...facts, source, host: reading.host, recoveryPoint, program, warnings: 0 };
}

function statsOf(entries: readonly Entry[], { files, writtenBytes, unchanged }: Prepared, base: Base | undefined) {
  let sizeBytes = 0;
  let changed = 0;
  for (const [path, file] of files) {
    sizeBytes += file.sizeBytes;
    if (base?.files.has(path) === true) changed += 1;
  }
  const stats: BackupStats = {
    filesNew: files.size - changed,
    filesChanged: Math.max(0, changed - unchanged),
    filesUnmodified: unchanged,
    dirs: entries.filter(({ type }) => type === 'dir').length,
    others: entries.filter(({ type }) => type !== 'dir' && type !== 'file').length,
    ...{ sizeBytes, addedBytes: writtenBytes, storedBytes: writtenBytes, dataBlobs: 0, treeBlobs: 0 },
  };
  return stats;
}

interface Made {
  readonly listed: readonly ListedEntry[];
  readonly prepared: Prepared;
  readonly facts: SnapshotFacts;
  readonly stats: BackupStats;
  readonly reading: Reading;
}

async function record(
  { records, user, program }: Repository,
  copy: string,
  { listed, prepared, facts, stats, reading }: Made,
  own: readonly CopyRecord[],
  how: BackupHow,
): Promise<CopyRecord> {
  const stamp = how.startedAt.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15);
  const snapshot: Snapshot = {
    ...{ id: `${copy.replace('/', '_')}_${stamp}`, time: how.startedAt, host: reading.host, paths: reading.paths },
    ...{ tags: how.tags, user, source: how.source, recoveryPoint: how.recoveryPoint, tree: '', stats, program },
  };
  const { mark } = prepared;
  const key = entriesKey(copy, snapshot.id);
  await records.put(key, { open: () => entryLines(listed, prepared.files) }, how);
  const replaced = own.filter((one) => one.copy === copy && one.snapshot.id !== snapshot.id);
  if (replaced.length > 0) how.replacing?.(replaced.map((one) => one.snapshot.id));
  await records.put(recordKey(copy), toDocument({ copy, mark, entriesKey: key }, snapshot, facts), how);
  for (const one of replaced) if (one.entriesKey !== key) await records.delete(one.entriesKey, how);
  return { key: recordKey(copy), copy, mark, entriesKey: key, snapshot, facts };
}

/** The first run of a month leaves a copy that stays until the same month of the next year. */
async function keepMonth(
  repository: Repository,
  made: CopyRecord,
  own: readonly CopyRecord[],
  how: BackupHow,
): Promise<void> {
  const name = monthCopyOf(how.startedAt, repository.rotate);
  if (name === undefined) return;
  const copy = `${how.source}/${name}`;
  const before = own.find((one) => one.copy === copy);
  if (before !== undefined && inSameMonth(before.snapshot.time, how.startedAt)) return;
  const { records, place } = repository;
  const files = [];
  for await (const entry of readEntries(records, made, how)) if (entry.type === 'file') files.push(entry);
  if (before !== undefined) how.replacing?.([before.snapshot.id]);
  await place.duplicate(made.copy, copy, files, how);
  const id = made.snapshot.id.replace(made.copy.replace('/', '_'), copy.replace('/', '_'));
  const key = entriesKey(copy, id);
  await records.put(key, await records.read(made.entriesKey, undefined, how), how);
  await records.put(
    recordKey(copy),
    toDocument({ copy, mark: made.mark, entriesKey: key }, { ...made.snapshot, id }, made.facts),
    how,
  );
  if (before !== undefined && before.entriesKey !== key) await records.delete(before.entriesKey, how);
}

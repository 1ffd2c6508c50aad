/** Makes the copy of a source like what is read. */
import { SuretyError } from '../../base/errors.ts';
import { type Entry, RESERVED_NAME, type Reading } from '../../sources/source.ts';
import type { BackupHow, BackupResult, BackupStats, SnapshotFacts } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { withXattrs } from './backup/attributes.ts';
import { type Base, readBase } from './backup/base.ts';
import { keepMonth, writeRecord } from './backup/write-record.ts';
import { copyOf } from './copy-name.ts';
import { takeInventory } from './list.ts';
import { lockSource } from './lock.ts';
import type { Prepared } from './place.ts';
import type { CopyRecord } from './record.ts';
import type { Repository } from './repository.ts';

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
    const made = await writeRecord(repository, copy, { listed, prepared, facts, stats, reading }, own, how);
    await prepared.clean();
    await keepMonth(repository, made, own, how);
    return { snapshot: made.snapshot, stats, facts };
  } catch (error) {
    await prepared.discard().catch(() => {});
    throw error;
  }
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

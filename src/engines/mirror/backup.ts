/** Makes the copy of a source like what is read. */
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { type Entry, RESERVED_NAME, type Reading } from '../../sources/source.ts';
import type { BackupHow, BackupResult, BackupStats, SnapshotFacts } from '../engine.ts';
import { pacedProgress } from '../paced-progress.ts';
import { withXattrs } from './backup/attributes.ts';
import { type Base, readBases } from './backup/base.ts';
import { expectFewDeletions, filesOf } from './backup/few-deletions.ts';
import { keepUnread, keptOf, withKept, withoutUnread } from './backup/unread.ts';
import { keepMonth, writeRecord } from './backup/write-record.ts';
import { copyOf } from './copy-name.ts';
import { lockSource } from './lock.ts';
import type { Prepared } from './place.ts';
import type { CopyRecord } from './record.ts';
import { recoverSource } from './recover.ts';
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
  await using lock = await lockSource(repository, how.source, how);
  const { copies: own, unreadable } = await recoverSource(repository, how.source, how);
  // Without anything to compare with, nobody could tell that most of the source is gone.
  if (own.length === 0 && unreadable[0] !== undefined && how.force !== true) throw unreadable[0].error;
  const copy = `${how.source}/${copyOf(how.startedAt, repository.rotate)}`;
  if (how.isCopy === true) expectNewer(own, copy, how);
  const { last, shared } = await readBases(repository, own, copy, how);
  const unread = () => how.unread?.() ?? [];
  const entries = withoutUnread(await collect(reading, repository, how), unread());
  const { all: missed } = await keptOf(repository, last, unread(), { entries, files: undefined }, how);
  const deleting = { ...repository, source: how.source };
  expectFewDeletions(last, filesOf([...entries, ...missed]), deleting);

  const prepared = await repository.place.update(
    { copy, reading, entries, base: how.force === true ? undefined : shared },
    { ...how, sample: repository.sample, progress: progressOf(repository, entries, how) },
  );
  try {
    const listed = await withXattrs(reading, entries, prepared, shared, how);
    const facts = { ...(await factsOf(repository, reading, how)), warnings };
    const missing = [...unread(), ...prepared.unread];
    const kept = await keptOf(repository, last, missing, { entries, files: prepared.files }, how);
    const whole = await keepUnread(prepared, last, kept, how);
    // What was listed may have vanished before it was read.
    expectFewDeletions(last, whole.files, deleting);
    const stats = statsOf(entries, whole, shared);
    await lock.expectHeld(how);
    await prepared.commit();
    const content = { listed: withKept(listed, kept), prepared: whole, facts, stats, reading };
    const made = await writeRecord(repository, copy, content, own, how);
    await prepared.clean();
    await keepMonth(repository, made, own, how);
    return { snapshot: made.snapshot, stats, facts };
  } catch (error) {
    await prepared.discard().catch(() => {});
    throw error;
  }
}

async function collect(reading: Reading, { clock, place }: Repository, how: BackupHow): Promise<Entry[]> {
  const entries: Entry[] = [];
  const here = reading.tree !== undefined && reading.tree.shell === undefined ? place.identity() : undefined;
  const report = pacedProgress(how, clock);
  for await (const batch of reading.entries()) {
    how.signal.throwIfAborted();
    for (const entry of batch) {
      if (entry.path === RESERVED_NAME) continue;
      if (here !== undefined && entry.inode === here.inode && entry.device === here.device)
        throw inside(entry.path, how);
      // A socket is made by the program that listens on it.
      if (entry.type !== 'socket') entries.push(entry);
    }
    report({ phase: 'scan', items: entries.length, sizeBytes: 0 });
  }
  return entries;
}

/** However it came there, by a link or a mount: each run would copy all copies once more, until the disk is full. */
function inside(path: string, { source }: BackupHow): SuretyError {
  return new SuretyError('repository.cannot', `the mirror is inside of source ${source}, in ${displayName(path)}`, {
    hint: 'add it to exclude',
  });
}

/** A snapshot from elsewhere never puts an older state in the place of a newer one. */
function expectNewer(own: readonly CopyRecord[], copy: string, { startedAt, source }: BackupHow): void {
  const replaced = own.find((one) => one.copy === copy);
  if (replaced === undefined || replaced.snapshot.time <= startedAt) return;
  throw new SuretyError('repository.cannot', `the mirror of ${source} is newer than the snapshot to be copied`, {
    hint: 'a mirror has the newest state only: copy into a repository with history',
  });
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

function statsOf(
  entries: readonly Entry[],
  { files, writtenBytes, unchanged }: Pick<Prepared, 'files' | 'writtenBytes' | 'unchanged'>,
  base: Base | undefined,
) {
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

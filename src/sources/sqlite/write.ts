import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isRoot } from '../../base/environment.ts';
import { messageOf, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { setPathTimes, setXattr } from '../../base/posix.ts';
import { isRunning } from '../../base/running.ts';
import type { RestoredEntry, Restoring, WriteHow, WriteReport } from '../source.ts';
import { inFreeSecond } from './free-second.ts';
import { expectUnused } from './in-use.ts';
import { holdPlace } from './one-at-a-time.ts';
import type { Place } from './place.ts';
import { prove } from './prove.ts';
import type { About } from './sqlite-error.ts';
import { swapIn } from './swap.ts';
import { type Action, decide, openTarget, type Target } from './target.ts';
import { toTargetError } from './target-error.ts';

/** What a restore has done so far. */
interface Tally {
  files: number;
  dirs: number;
  sizeBytes: number;
  skipped: number;
  readonly failed: { path: string; error: Error }[];
  readonly plan: { path: string; action: Action }[];
  readonly checks: { what: string; ok: boolean; detail: string }[];
}

interface Restore {
  readonly about: About;
  readonly restoring: Restoring;
  readonly how: WriteHow;
  readonly tally: Tally;
}

/**
 * Restores the database: into a new file beside its place, checked there, then swapped in. Until the swap nothing that
 * exists is touched. Refuses with `source.locked` while anything has the database open: a program would go on writing to the
 * file that was replaced. There is no way around that check; restore with a target and swap by hand instead.
 */
export async function writeDatabase(
  source: string,
  place: Place,
  restoring: Restoring,
  how: WriteHow,
): Promise<WriteReport> {
  const tally: Tally = { files: 0, dirs: 0, sizeBytes: 0, skipped: 0, failed: [], plan: [], checks: [] };
  const restore: Restore = { about: { source, path: place.path }, restoring, how, tally };
  const target = openTarget(source, place, how);
  const made: { entry: RestoredEntry; path: string }[] = [];
  for await (const batch of restoring.entries()) {
    for (const entry of batch) {
      how.signal.throwIfAborted();
      if (entry.type === 'dir') made.push(...makeDirectory(restore, target, entry));
      else if (entry.type === 'file') await restoreFile(restore, entry, target.locate(entry));
      else refuseEntry(restore, entry);
    }
  }
  for (const { entry, path } of made.reverse()) setAttributes(restore, entry, path);
  return { ...tally, others: 0, unchanged: 0, notes: [] };
}

/** A database has no links and devices. */
function refuseEntry({ tally, how }: Restore, entry: RestoredEntry): void {
  const error = new SuretyError('target.failed', `${entry.path} is a ${entry.type}, not a database`);
  tally.failed.push({ path: entry.path, error });
  how.warn({ code: 'entry.skipped', path: entry.path, message: error.message });
}

/** Makes the directory when it is missing; one that exists stays as it is. */
function makeDirectory(
  restore: Restore,
  target: Target,
  entry: RestoredEntry,
): { entry: RestoredEntry; path: string }[] {
  const path = target.locate(entry);
  if (existsSync(path)) return [];
  restore.tally.plan.push(...(restore.how.dryRun ? [{ path, action: 'create' as const }] : []));
  if (restore.how.dryRun) return [];
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    throw toTargetError(error, path);
  }
  restore.tally.dirs += 1;
  return [{ entry, path }];
}

async function restoreFile(restore: Restore, entry: RestoredEntry, path: string): Promise<void> {
  const { about, how, tally } = restore;
  const action = decide(entry, path, how.conflict);
  if (how.dryRun) tally.plan.push({ path, action });
  if (action === 'skip') tally.skipped += 1;
  if (action === 'skip') return;
  if (how.dryRun) return count(tally, entry);
  const here: About = { ...about, path };
  const unfinished = `${path}.surety-restore-${process.pid}-${randomHex(4)}`;
  try {
    expectUnused(here, path);
    await place(restore, entry, unfinished);
    tally.checks.push(...(await prove(here, unfinished, restore.restoring.facts, how.signal)));
    how.signal.throwIfAborted();
    await swap(restore, here, unfinished, path, action);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw toTargetError(error, path);
  }
  count(tally, entry);
  how.progress?.({ files: tally.files, sizeBytes: tally.sizeBytes });
}

function count(tally: Tally, entry: RestoredEntry): void {
  tally.files += 1;
  tally.sizeBytes += entry.sizeBytes;
}

async function place({ restoring, how }: Restore, entry: RestoredEntry, path: string): Promise<void> {
  const owner = isRoot() ? { uid: entry.uid, gid: entry.gid } : undefined;
  const attributes = { owner, mode: entry.mode, mtimeNs: entry.mtimeNs };
  let placed = false;
  for await (const { error } of restoring.place([{ entry, path, attributes }], { signal: how.signal })) {
    if (error !== undefined) throw error;
    placed = true;
  }
  if (!placed) throw new SuretyError('target.failed', `the repository did not give the content of ${entry.path}`);
  setXattrs(how, entry, path);
}

/** Checks again who uses the database: the long part is over, and somebody may have started it. */
async function swap(
  { tally, how }: Restore,
  here: About,
  restored: string,
  path: string,
  action: Action,
): Promise<void> {
  const kept = await inFreeSecond(async (now) => {
    await using _ = await holdPlace(path, how.signal);
    if (action === 'create' && existsSync(path)) {
      throw new SuretyError('target.exists', `${path} was made during the restore`);
    }
    expectUnused(here, path);
    return swapIn(here, restored, path, now);
  }, how.signal);
  if (kept !== undefined) tally.checks.push({ what: 'previous database', ok: true, detail: `kept as ${kept}` });
  removeAbandoned(path);
}

/** Unfinished files of restores that were killed. Not before there is a whole database again: one of them may be the only one. */
function removeAbandoned(path: string): void {
  const prefix = `${basename(path)}.surety-restore-`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const processId = Number(/^(\d+)-[0-9a-f]{8}$/.exec(name.slice(prefix.length))?.[1] ?? 0);
    if (processId === 0 || processId === process.pid || isRunning(processId)) continue;
    try {
      rmSync(join(dirname(path), name));
    } catch {
      // It stays; the restore itself is complete.
    }
  }
}

function setAttributes({ how }: Restore, entry: RestoredEntry, path: string): void {
  setXattrs(how, entry, path);
  try {
    if (isRoot()) chownSync(path, entry.uid, entry.gid);
    chmodSync(path, entry.mode);
    setPathTimes(path, entry.mtimeNs);
  } catch (error) {
    how.warn({ code: 'attribute.unwritable', path: entry.path, message: messageOf(error) });
  }
}

function setXattrs(how: WriteHow, entry: RestoredEntry, path: string): void {
  for (const { name, value } of entry.xattrs) {
    try {
      setXattr(path, name, value);
    } catch (error) {
      how.warn({ code: 'attribute.unwritable', path: entry.path, message: `${name}: ${messageOf(error)}` });
    }
  }
}

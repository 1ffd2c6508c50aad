import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { utcStamp } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { expectUnlocked, expectUnused, holdExclusive } from './in-use.ts';
import { COMPANIONS } from './place.ts';
import type { About } from './sqlite-error.ts';

/** What brings everything back to where it was, the last step first. */
type Undo = (() => void)[];

/**
 * Puts the finished file `restored` at `path`. What is there is kept as `<path>.before-restore-<UTC time>`. Returns that name, or undefined
 * when there was nothing. At every moment, also after a kill, the whole old database or the whole new one is at `path`: the old
 * one gets its second name first, then the new one is renamed over it. When a step fails, everything is where it was.
 *
 * The old -wal and -journal would be replayed into the new database. SQLite merges them into the old one first, and from then on nobody
 * gets at it: it is locked through its second name, so that the lock's own companions are not beside the new one. Only those of a
 * file that SQLite can not read are moved aside instead. Throws `source.locked`, `target.*` and system errors.
 */
export function swapIn(about: About, restored: string, path: string, now: Date): string | undefined {
  syncPath(restored);
  const kept = `${path}.before-restore-${utcStamp(now)}`;
  expectFree([kept, ...COMPANIONS.map((suffix) => kept + suffix)]);
  removeSecondNames(path);
  const undo: Undo = [];
  try {
    const found = existsSync(path) ? replace(about, restored, path, kept, undo) : fill(restored, path, kept, undo);
    syncPath(dirname(path));
    return found ? kept : undefined;
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
}

function replace(about: About, restored: string, path: string, kept: string, undo: Undo): true {
  const isReadable = expectUnlocked(about, path);
  giveSecondName(path, kept, undo);
  using lock = isReadable ? holdExclusive(about, kept) : undefined;
  expectUnused(about, existsSync(path) ? path : kept);
  if (lock === undefined) moveCompanions(path, kept, undo);
  else removeSpentCompanions(about, path);
  syncPath(dirname(path));
  renameSync(restored, path);
  return true;
}

/** There is no database; companions without one may be. */
function fill(restored: string, path: string, kept: string, undo: Undo): boolean {
  const moved = moveCompanions(path, kept, undo);
  renameSync(restored, path);
  return moved;
}

const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** File systems without hard links leave no other way than to rename: the one case in which nothing is at `path` for a moment. */
function giveSecondName(path: string, kept: string, undo: Undo): void {
  try {
    linkSync(path, kept);
    undo.push(() => rmSync(kept));
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    renameSync(path, kept);
    undo.push(() => renameSync(kept, path));
  }
}

function moveCompanions(path: string, kept: string, undo: Undo): boolean {
  const present = COMPANIONS.filter((suffix) => existsSync(path + suffix));
  for (const suffix of present) {
    renameSync(path + suffix, kept + suffix);
    undo.push(() => renameSync(kept + suffix, path + suffix));
  }
  return present.length > 0;
}

/** What was merged leaves nothing, or files that say nothing: an empty log, a journal with its head zeroed. */
function removeSpentCompanions(about: About, path: string): void {
  const present = COMPANIONS.filter((suffix) => existsSync(path + suffix));
  const full = present.find((suffix) => suffix !== '-shm' && !isSpent(path + suffix));
  if (full !== undefined) {
    const message = `what is only in ${path}${full} can not be merged into database ${about.source}`;
    throw new SuretyError('target.failed', message, {
      hint: 'stop what uses the database and make room on its disk, then restore again',
      details: { source: about.source, path },
    });
  }
  for (const suffix of present) rmSync(path + suffix);
}

function isSpent(path: string): boolean {
  const head = Buffer.alloc(8);
  const file = openSync(path, 'r');
  try {
    return head.subarray(0, readSync(file, head)).every((byte) => byte === 0);
  } finally {
    closeSync(file);
  }
}

/** A restore that was killed before its last step leaves the database with two names, which SQLite does not take well. */
function removeSecondNames(path: string): void {
  const own = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (own === undefined || own.nlink === 1n) return;
  const prefix = `${basename(path)}.before-restore-`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const other = join(dirname(path), name);
    const { dev, ino } = lstatSync(other, { bigint: true });
    if (dev === own.dev && ino === own.ino) rmSync(other);
  }
}

function expectFree(names: readonly string[]): void {
  const taken = names.find(existsSync);
  if (taken === undefined) return;
  throw new SuretyError('target.exists', `${taken} exists`, {
    hint: 'another restore ended in this very second: wait a moment and restore again',
    retry: 'later',
    details: { path: taken },
  });
}

function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

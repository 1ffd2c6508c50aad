/** The lock files in a repository. */
import { hasCode } from '../../base/errors.ts';
import { isRunning } from '../../base/running.ts';
import type { How } from '../engine.ts';
import { decodeLock, encodeLock, type LockDocument } from './format/lock.ts';
import { dateToNs } from './format/time.ts';
import { keyOf, type Repository, type RepositoryFile } from './repository.ts';

export interface HeldLock {
  readonly id: string;
  /** By the clock of the store. */
  readonly modifiedAt: Date;
  /** Undefined when the file can not be read. */
  readonly document: LockDocument | undefined;
  readonly error?: unknown;
}

/**
 * All locks, of those files where some are given. Those that went while they were looked at are left out, and empty files that a
 * killed upload left behind.
 */
export async function readLocks(
  repository: Repository,
  how: How,
  files?: readonly RepositoryFile[],
): Promise<HeldLock[]> {
  const locks: HeldLock[] = [];
  for (const { id, sizeBytes, modifiedAt } of files ?? (await repository.files('locks', how))) {
    if (sizeBytes === 0) continue;
    try {
      const json = await repository.readUnpacked('locks', id, how);
      locks.push({ id, modifiedAt, document: decodeLock(json, keyOf('locks', id)) });
    } catch (error) {
      if (hasCode(error, 'store.not-found')) continue;
      if (!hasCode(error, 'repository.damaged')) throw error;
      locks.push({ id, modifiedAt, document: undefined, error });
    }
  }
  return locks;
}

/** Writes a lock file with the present time and returns its id. */
export function writeLock(repository: Repository, exclusive: boolean, how: How): Promise<string> {
  const { host, user } = repository.identity;
  const timeNs = dateToNs(repository.clock.now());
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  return repository.writeUnpacked(
    'locks',
    encodeLock({ timeNs, exclusive, host, user, pid: process.pid, ...owner }),
    how,
  );
}

const STALE_NS = 30n * 60n * 1_000_000_000n;

/**
 * Whether the program that took the lock is gone: no renewal for 30 minutes, or it ran on this host and does not any more. That it is old
 * must be so by what it says and by when it came to the store: a machine whose clock is slow writes locks that look old, and must not lose
 * what it is just storing.
 */
export function isStale({ document, modifiedAt }: HeldLock, now: Date, thisHost: string): boolean {
  if (document === undefined) return false;
  const isOld = (time: Date | bigint) => dateToNs(now) - (typeof time === 'bigint' ? time : dateToNs(time)) > STALE_NS;
  if (isOld(document.timeNs) && isOld(modifiedAt)) return true;
  return document.host === thisHost && document.pid > 0 && !isRunning(document.pid);
}

/** The time of the store where it tells: by a clock of this machine that is fast, all locks look old. */
export async function lockTime({ store, clock }: Repository, how: How): Promise<Date> {
  try {
    return (await store.serverTime?.(how)) ?? clock.now();
  } catch {
    // Some tell only those who may write.
    how.signal.throwIfAborted();
    return clock.now();
  }
}

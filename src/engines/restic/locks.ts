/**
 * Locks shared with restic: a file in `locks/` says that a program uses the repository, and whether it must be alone. A lock
 * is renewed every five minutes; one that is older than thirty, or whose process on this machine is gone, is stale.
 */
import { hasCode, messageOf, SuretyError } from '../../base/errors.ts';
import { dateToNs } from './format/time.ts';
import { keepLock, type Lock, type LockHow, RESTIC_PACE, timeout } from './keep-lock.ts';
import { filesLately } from './listed-ahead.ts';
import { type HeldLock, isStale, lockTime, readLocks, writeLock } from './lock-files.ts';
import type { Repository, RepositoryFile } from './repository.ts';

/** Holds a lock while `work` runs. Throws `repository.locked` when another program's lock is in the way. */
export async function withLock<T>(
  repository: Repository,
  how: LockHow,
  work: (signal: AbortSignal, lock: Lock) => Promise<T>,
): Promise<T> {
  await using lock = await takeLock(repository, how);
  return await work(lock.signal, lock);
}

export async function takeLock(repository: Repository, how: LockHow): Promise<Lock> {
  const pace = how.pace ?? RESTIC_PACE;
  // Who comes between this list and the lock of this run is seen after it is written.
  const staleRemoved = await refuseOthers(repository, await filesLately(repository, 'locks', how), how);
  let id: string;
  try {
    id = await writeLock(repository, how.exclusive, how);
  } catch (error) {
    if (how.optional === true && isRefusal(error)) return withoutLock(how.signal);
    throw hasCode(error, 'store.full') ? noRoomFor(error) : error;
  }
  try {
    // Two programs may have looked at the same moment: each now waits until the other's lock is sure to be seen.
    await Promise.all([repository.clock.sleep(pace.settleMs, how.signal), how.meanwhile?.(staleRemoved)]);
    const others = (await repository.files('locks', how)).filter((file) => file.id !== id);
    await refuseOthers(repository, others, how);
  } catch (error) {
    // A lock that stays is stale when this process ends; why it is given up is what matters.
    await repository.deleteFile('locks', id, timeout()).catch(() => undefined);
    throw error;
  }
  return keepLock(repository, id, { ...how, pace });
}

/** Returns how many stale locks it removed. */
async function refuseOthers(repository: Repository, files: readonly RepositoryFile[], how: LockHow): Promise<number> {
  let removed = 0;
  const now = repository.clock.now();
  for (const lock of await readLocks(repository, how, files)) {
    if (lock.document === undefined) throw unreadable(lock);
    const { host } = repository.identity;
    if (isStale(lock, now, host) && isStale(lock, await lockTime(repository, how), host)) {
      await removeStale(repository, lock, how);
      removed += 1;
    } else if (how.exclusive || lock.document.exclusive) throw locked(lock, now);
  }
  return removed;
}

/** A stale lock must not stop every later run; where it can not be removed it is in nobody's way either. */
async function removeStale(repository: Repository, lock: HeldLock, how: LockHow): Promise<void> {
  try {
    await repository.deleteFile('locks', lock.id, how);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof SuretyError && (error.code === 'store.read-only' || error.code === 'store.denied');
}

/** To make room takes some first: what others say of a full place, to clean it up, does not help here. */
function noRoomFor(error: SuretyError): SuretyError {
  return new SuretyError(error.code, error.message, {
    hint: 'make room for a file of some hundred bytes, by a larger quota for a while for instance; then surety cleanup can free more',
    cause: error,
    details: error.details,
  });
}

function withoutLock(signal: AbortSignal): Lock {
  return { signal, [Symbol.asyncDispose]: async () => {} };
}

function unreadable(lock: HeldLock): SuretyError {
  return new SuretyError(
    'repository.locked',
    `the lock ${lock.id.slice(0, 8)} can not be read: ${messageOf(lock.error)}`,
    {
      hint: 'when no other program uses the repository, remove all locks',
      cause: lock.error,
      details: { lock: lock.id },
    },
  );
}

function locked(lock: HeldLock, now: Date): SuretyError {
  const { host, user, pid, exclusive, timeNs } = lock.document!;
  const ageSeconds = Math.max(0, Math.round(Number((dateToNs(now) - timeNs) / 1_000_000_000n)));
  const who = `process ${pid} of ${user === '' ? 'an unknown user' : user} on ${host === '' ? 'an unknown host' : host}`;
  return new SuretyError(
    'repository.locked',
    `the repository is locked ${exclusive ? 'exclusively ' : ''}by ${who} since ${describeAge(ageSeconds)}`,
    {
      hint: 'wait until it is done; if that program is gone, unlock the repository',
      retry: 'later',
      details: { host, user, pid, exclusive, ageSeconds, lock: lock.id },
    },
  );
}

function describeAge(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} minutes` : `${Math.floor(seconds / 3600)} hours`;
}

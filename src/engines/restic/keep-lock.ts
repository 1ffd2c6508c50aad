/** Keeps a lock fresh while it is held, and removes it. */
import { SuretyError } from '../../base/errors.ts';
import type { How } from '../engine.ts';
import { writeLock } from './lock-files.ts';
import type { Repository } from './repository.ts';

export interface LockHow extends How {
  /** True to be alone in the repository; false to only keep those out who must be. */
  readonly exclusive: boolean;
  /** Go on without a lock where the store refuses to write one: for reading from a read-only place. */
  readonly optional?: boolean;
  /**
   * Reading that begins when the lock is written and goes on while it settles. What it found counts only once the lock is held: when
   * the lock is refused, so is the operation. `staleRemoved`: how many locks of programs that ended without removing them were found;
   * what those stored may not be in the index.
   */
  readonly meanwhile?: (staleRemoved: number) => Promise<void>;
  /** Pauses between the steps; tests shorten them. */
  readonly pace?: LockPace;
}

export interface LockPace {
  /** Between writing the lock and looking once more for others. */
  readonly settleMs: number;
  readonly refreshMs: number;
  /** Without a renewal for so long, the lock counts as lost: a little before others take it for stale. */
  readonly loseMs: number;
}

export const RESTIC_PACE: LockPace = { settleMs: 200, refreshMs: 5 * 60_000, loseMs: 22.5 * 60_000 };

/** A lock that is held until it is disposed of. */
export interface Lock extends AsyncDisposable {
  /** Aborted when the caller's signal is, and with `repository.lock-lost` when the lock could not be renewed in time. */
  readonly signal: AbortSignal;
}

/** How long writing or removing a lock file may take; it goes on when the operation is aborted, so that no lock stays behind. */
const STORE_TIMEOUT_MS = 60_000;

/** Renews the lock `id` until it is disposed of. */
export function keepLock(repository: Repository, id: string, how: LockHow & { readonly pace: LockPace }): Lock {
  const lost = new AbortController();
  const stopped = new AbortController();
  const state: State = { id, files: new Set([id]), renewedMs: repository.clock.now().getTime() };
  const renewing = renewUntil(repository, state, how, stopped.signal).catch((error: unknown) => {
    if (!stopped.signal.aborted) lost.abort(error);
  });
  return {
    signal: AbortSignal.any([how.signal, lost.signal]),
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      await renewing;
      // What the operation did counts, whether the lock can be removed or not: one that stays is stale when this process ends.
      for (const file of state.files) await removeFile(repository, state, file).catch(() => undefined);
    },
  };
}

interface State {
  /** The lock file that counts. */
  id: string;
  /** All lock files of this lock that may still be there. */
  readonly files: Set<string>;
  /** By the wall clock: timers stand still while a machine sleeps. */
  renewedMs: number;
}

/** Looks at the clock several times per interval. Ends by throwing: when stopped, or when the lock is lost. */
async function renewUntil(
  repository: Repository,
  state: State,
  how: LockHow & { readonly pace: LockPace },
  stop: AbortSignal,
): Promise<never> {
  const { refreshMs, loseMs } = how.pace;
  for (;;) {
    await repository.clock.sleep(refreshMs / 10, stop);
    const ageMs = repository.clock.now().getTime() - state.renewedMs;
    if (ageMs < refreshMs) continue;
    const renewed = ageMs < loseMs ? renew(repository, state, how.exclusive) : revive(repository, state, how);
    const kept = await renewed.catch(() => ageMs < loseMs);
    if (!kept) throw lostLock(ageMs);
  }
}

/** Writes the new lock before the old one goes. */
async function renew(repository: Repository, state: State, exclusive: boolean): Promise<boolean> {
  const old = state.id;
  const nowMs = repository.clock.now().getTime();
  state.id = await writeFile(repository, state, exclusive);
  state.renewedMs = nowMs;
  await removeFile(repository, state, old);
  return true;
}

/**
 * A lock past its time (the machine slept, or the store was away) may be renewed only if nobody removed it before, and still nobody has after
 * the new one is there: else another program may be at work that believes itself alone.
 */
async function revive(
  repository: Repository,
  state: State,
  how: LockHow & { readonly pace: LockPace },
): Promise<boolean> {
  if (!(await exists(repository, state.id))) return false;
  const nowMs = repository.clock.now().getTime();
  const id = await writeFile(repository, state, how.exclusive);
  await repository.clock.sleep(how.pace.settleMs, timeout().signal);
  if (!(await exists(repository, state.id))) return false;
  const old = state.id;
  state.id = id;
  state.renewedMs = nowMs;
  await removeFile(repository, state, old);
  return true;
}

async function writeFile(repository: Repository, state: State, exclusive: boolean): Promise<string> {
  const id = await writeLock(repository, exclusive, timeout());
  state.files.add(id);
  return id;
}

async function removeFile(repository: Repository, state: State, id: string): Promise<void> {
  await repository.deleteFile('locks', id, timeout());
  state.files.delete(id);
}

async function exists(repository: Repository, id: string): Promise<boolean> {
  return (await repository.files('locks', timeout())).some((file) => file.id === id);
}

/** For what is done also when the operation was aborted, but not for ever. */
export function timeout(): How {
  return { signal: AbortSignal.timeout(STORE_TIMEOUT_MS) };
}

function lostLock(ageMs: number): SuretyError {
  return new SuretyError(
    'repository.lock-lost',
    `the lock on the repository could not be renewed for ${Math.round(ageMs / 60_000)} minutes`,
    { hint: 'run it again; another program may have worked on the repository in between' },
  );
}

/** One run at a time makes or removes copies of a source. */
import { hasCode, SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import { isRunning } from '../../base/running.ts';
import type { How } from '../engine.ts';
import type { Repository } from './repository.ts';

interface Owner {
  readonly host: string;
  readonly processId: number;
  readonly since: string;
  /** Tells this lock from any other. */
  readonly token?: string;
}

export interface SourceLock extends AsyncDisposable {
  /** Two that found the same stale lock may both have taken it: the one that has it in the end goes on. Throws `repository.lock-lost`. */
  expectHeld(how: How): Promise<void>;
}

const FOLDER = 'locks';
const ENDING = '.lock';
/** A run on another machine may take this long. */
const STALE_MS = 48 * 3_600_000;

/** Held until disposed of. Throws `repository.locked`. */
export async function lockSource(repository: Repository, source: string, how: How): Promise<SourceLock> {
  const { records, host, clock } = repository;
  const key = `${FOLDER}/${source}${ENDING}`;
  const owner: Owner = { host, processId: process.pid, since: clock.now().toISOString(), token: randomHex(8) };
  const body = Buffer.from(JSON.stringify(owner));
  for (let attempt = 0; ; attempt++) {
    try {
      await records.put(key, body, { ...how, ifAbsent: true });
      break;
    } catch (error) {
      if (!hasCode(error, 'store.exists')) throw error;
      const found = await ownerOf(repository, key, how);
      if (attempt > 0 || (found !== undefined && !isStale(found, repository))) throw locked(source, found);
      if (found?.token === (await ownerOf(repository, key, how))?.token) await records.delete(key, how);
    }
  }
  const isHeld = async (how: How) => (await ownerOf(repository, key, how))?.token === owner.token;
  return {
    async expectHeld(how) {
      if (await isHeld(how)) return;
      throw new SuretyError('repository.lock-lost', `the lock of the mirror of ${source} was taken by another run`, {
        hint: 'nothing of the mirror was changed; run the backup again when the other one has ended',
        retry: 'later',
      });
    },
    async [Symbol.asyncDispose]() {
      const how = { signal: NEVER };
      if (await isHeld(how)) await records.delete(key, how);
    },
  };
}

const NEVER = new AbortController().signal;

/** Removes locks that nobody holds any more, or all. Returns how many. */
export async function unlock(repository: Repository, how: How & { readonly all: boolean }): Promise<number> {
  let removed = 0;
  for await (const { key } of repository.records.list(FOLDER, how)) {
    // Records of a source of this name are there too.
    if (!key.endsWith(ENDING)) continue;
    const owner = await ownerOf(repository, key, how);
    if (!how.all && owner !== undefined && !isStale(owner, repository)) continue;
    await repository.records.delete(key, how);
    removed += 1;
  }
  return removed;
}

/** Undefined when it is gone or says nothing. */
async function ownerOf({ records }: Repository, key: string, how: How): Promise<Owner | undefined> {
  try {
    return JSON.parse(Buffer.from(await records.read(key, undefined, how)).toString('utf8')) as Owner;
  } catch (error) {
    how.signal.throwIfAborted();
    if (error instanceof SyntaxError || hasCode(error, 'store.not-found')) return undefined;
    throw error;
  }
}

function isStale({ host, processId, since }: Owner, repository: Repository): boolean {
  if (host === repository.host) return processId !== process.pid && !isRunning(processId);
  return repository.clock.now().getTime() - new Date(since).getTime() > STALE_MS;
}

function locked(source: string, owner: Owner | undefined): SuretyError {
  const who = owner === undefined ? '' : ` by process ${owner.processId} on ${owner.host}`;
  return new SuretyError('repository.locked', `the mirror of ${source} is being changed${who}`, {
    hint: 'wait for it to end; a lock of a machine that is gone is removed by surety unlock --all',
    retry: 'later',
  });
}

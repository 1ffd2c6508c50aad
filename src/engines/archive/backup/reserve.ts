/** Takes a name that no other backup has, so that two at the same second do not meet. */
import { hasCode } from '../../../base/errors.ts';
import { isRunning } from '../../../base/running.ts';
import type { How } from '../../engine.ts';
import { expandName, type NameFacts } from '../naming.ts';
import type { Repository } from '../repository.ts';
import { reservationKey, takeInventory } from '../sidecars.ts';

export interface ReservedName {
  readonly folder: string;
  readonly id: string;
  /** Key of a file of this backup: `ending` is `.sql.gz` or `_metadata.json`. */
  key(ending: string): string;
  release(): Promise<void>;
}

/** A reservation is a small file: other processes and machines see it. One that a killed run left is removed by prune. */
export async function reserveName(repository: Repository, facts: NameFacts, how: How): Promise<ReservedName> {
  const { names } = await takeInventory(repository, how);
  return await reserveFirst(repository, names, (ordinal) => expandName(repository, facts, ordinal), how);
}

/** The first of the names that `nameOf` makes of 1, 2, 3 … that is not in `names` and that nobody else has taken. */
export async function reserveFirst(
  repository: Repository,
  names: ReadonlySet<string>,
  nameOf: (ordinal: number) => Pick<ReservedName, 'folder' | 'id'>,
  how: How,
): Promise<ReservedName> {
  for (let ordinal = 1; ; ordinal++) {
    const { folder, id } = nameOf(ordinal);
    if (names.has(id) || repository.taken.has(id)) continue;
    repository.taken.add(id);
    if (await reserve(repository, id, how)) return reserved(repository, folder, id);
    repository.taken.delete(id);
  }
}

/** Takes over a name whose reservation was left by a process of this machine that is gone. Undefined where there is none. */
export async function reserveLeft(
  repository: Repository,
  { folder, id }: Pick<ReservedName, 'folder' | 'id'>,
  how: How,
): Promise<ReservedName | undefined> {
  if (repository.taken.has(id) || !(await isLeft(repository, id, how))) return undefined;
  repository.taken.add(id);
  await repository.store.put(reservationKey(id), noteOf(repository), how);
  return reserved(repository, folder, id);
}

async function isLeft({ store, host }: Repository, id: string, how: How): Promise<boolean> {
  try {
    const note: unknown = JSON.parse(
      Buffer.from(await store.read(reservationKey(id), undefined, how)).toString('utf8'),
    );
    const { host: by, process: processId } = (note ?? {}) as Record<string, unknown>;
    return by === host && typeof processId === 'number' && processId !== process.pid && !isRunning(processId);
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'store.not-found')) return false;
    throw error;
  }
}

function noteOf({ host, clock }: Repository): Buffer {
  return Buffer.from(`${JSON.stringify({ host, process: process.pid, since: clock.now().toISOString() })}\n`);
}

async function reserve(repository: Repository, id: string, how: How): Promise<boolean> {
  try {
    await repository.store.put(reservationKey(id), noteOf(repository), { ...how, ifAbsent: true });
    return true;
  } catch (error) {
    if (hasCode(error, 'store.exists')) return false;
    throw error;
  }
}

const RELEASE_TIMEOUT_MS = 30_000;
/** Prune takes one that is a day old for what a killed run left; a first backup over a slow line takes longer. */
const RENEW_MS = 3_600_000;

function reserved(repository: Repository, folder: string, id: string): ReservedName {
  let renewed: Promise<void> = Promise.resolve();
  const renew = () => {
    const how = { signal: AbortSignal.timeout(RELEASE_TIMEOUT_MS) };
    // One that fails is made up for by the next.
    renewed = repository.store.put(reservationKey(id), noteOf(repository), how).catch(() => {});
  };
  const timer = setInterval(renew, RENEW_MS).unref();
  return {
    folder,
    id,
    key: (ending) => `${folder}/${id}${ending}`,
    async release() {
      clearInterval(timer);
      try {
        await renewed;
        // Also after the run was ended.
        await repository.store.delete(reservationKey(id), { signal: AbortSignal.timeout(RELEASE_TIMEOUT_MS) });
      } catch {
        // It says only that the name is taken, and prune removes it.
      }
      repository.taken.delete(id);
    },
  };
}

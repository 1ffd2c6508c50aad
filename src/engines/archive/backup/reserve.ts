/** Takes a name that no other backup has, so that two at the same second do not meet. */
import { hasCode } from '../../../base/errors.ts';
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
  for (let ordinal = 1; ; ordinal++) {
    const { folder, id } = expandName(repository, facts, ordinal);
    if (names.has(id) || repository.taken.has(id)) continue;
    repository.taken.add(id);
    if (await reserve(repository, id, how)) return reserved(repository, folder, id);
    repository.taken.delete(id);
  }
}

async function reserve({ store, host, clock }: Repository, id: string, how: How): Promise<boolean> {
  const note = { host, process: process.pid, since: clock.now().toISOString() };
  try {
    await store.put(reservationKey(id), Buffer.from(`${JSON.stringify(note)}\n`), { ...how, ifAbsent: true });
    return true;
  } catch (error) {
    if (hasCode(error, 'store.exists')) return false;
    throw error;
  }
}

const RELEASE_TIMEOUT_MS = 30_000;

function reserved(repository: Repository, folder: string, id: string): ReservedName {
  return {
    folder,
    id,
    key: (ending) => `${folder}/${id}${ending}`,
    async release() {
      try {
        // Also after the run was ended.
        await repository.store.delete(reservationKey(id), { signal: AbortSignal.timeout(RELEASE_TIMEOUT_MS) });
      } catch {
        // It says only that the name is taken, and prune removes it.
      }
      repository.taken.delete(id);
    },
  };
}

/** What the service under a repository says of time, locks and what becomes of what is removed. */
import { eachConcurrently } from '../base/limit.ts';
import type { How, Store } from '../stores/store.ts';
import type { Afterwards, KeptByLock, ServiceWitness } from './engine.ts';

/** How a kind of repository names the files of its snapshots. */
export interface SnapshotFiles {
  /** When the marker of each snapshot was stored, by its id. */
  storedAt(how: How): Promise<ReadonlyMap<string, Date>>;
  /** Keys of the markers of these snapshots, by their ids; those that are not there are left out. */
  keysOf(ids: readonly string[], how: How): Promise<ReadonlyMap<string, string>>;
}

/** Undefined for a store that is this machine's, or whose files bear the times that who writes them likes. */
export function serviceWitness(store: Store, files: SnapshotFiles, now: () => Date): ServiceWitness | undefined {
  if (store.serverTime === undefined && store.locks === undefined && store.describe === undefined) return undefined;
  return {
    ...(store.serverTime && {
      now: async (how: How) => await store.serverTime!(how),
      storedAt: async (how: How) => await files.storedAt(how),
    }),
    ...(store.locks && {
      locked: async (ids: readonly string[], how: How) =>
        await lockedOf(store, await files.keysOf(ids, how), now(), how),
    }),
    ...(store.describe && { afterwards: async (how: How) => await afterwards(store, how) }),
  };
}

async function lockedOf(store: Store, keys: ReadonlyMap<string, string>, now: Date, how: How): Promise<KeptByLock[]> {
  const found: KeptByLock[] = [];
  await eachConcurrently([...keys], store.traits.connections, how.signal, async ([id, key], signal) => {
    const until = await store.locks!.until(key, { signal });
    if (until !== undefined && until > now) found.push({ id, until });
  });
  return found;
}

async function afterwards(store: Store, how: How): Promise<Afterwards> {
  const { versioning, softDeleteDays, oldVersionsForDays } = await store.describe!(how);
  return {
    versions: versioning === 'on',
    versionsForDays: oldVersionsForDays,
    softDeleteDays: softDeleteDays === 0 ? undefined : softDeleteDays,
  };
}

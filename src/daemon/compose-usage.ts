/** Measures what the files of a repository take, by the listing of its store. */
import type { Clock } from '../base/clock.ts';
import type { StoreLocation } from '../config/store-location.ts';
import type { MeasureUsage, Usage } from '../operations/status/usage.ts';
import type { Store } from '../stores/store.ts';
import { openStore, type StoreHow } from './compose-store.ts';

/** A listing of a hundred thousand files is some seconds from a service, and more than a second from a disk. */
const LIMIT_MS = 3000;

/** Does not make the store where it is missing. */
export function usageOf(
  location: StoreLocation,
  { clock, ...how }: Omit<StoreHow, 'create'> & { clock: Clock },
): MeasureUsage {
  return async ({ signal }) => {
    await using store = await openStore(location, { ...how, create: false });
    const freeBytes = await store.freeBytes?.({ signal });
    return { ...(await sizeOf(store, clock, signal)), freeBytes };
  };
}

async function sizeOf(store: Store, clock: Clock, signal: AbortSignal): Promise<Omit<Usage, 'freeBytes'>> {
  const endMs = clock.elapsedMs() + LIMIT_MS;
  let storedBytes = 0;
  for await (const { sizeBytes } of store.list('', { signal })) {
    storedBytes += sizeBytes;
    if (clock.elapsedMs() > endMs) return { storedBytes, isWhole: false };
  }
  return { storedBytes, isWhole: true };
}

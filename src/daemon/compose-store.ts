/** Opens stores. */
import { statfs } from 'node:fs/promises';
import { SuretyError } from '../base/errors.ts';
import { randomHex } from '../base/ids.ts';
import type { RepositoryConfig } from '../config/config.ts';
import type { PlaceProbe } from '../operations/check.ts';
import type { Store } from '../stores/store.ts';
import { isInside } from './is-inside.ts';

type StoreLocation = RepositoryConfig['store'];

/** The store with what every store gets around it: failures that may pass are retried. */
export async function openStore(location: StoreLocation, how: { readonly create: boolean }): Promise<Store> {
  const { openLocalStore } = await import('../stores/local/open.ts');
  const { withRetry } = await import('../stores/wrap/retry.ts');
  return withRetry(await openLocalStore({ ...location.options, create: how.create }));
}

/** For people, without secrets. */
export function shownLocation(location: StoreLocation): string {
  return location.options.path;
}

/** Whether something written at this absolute path would be among the store's own files. */
export function storeHolds(location: StoreLocation, path: string): boolean {
  return isInside(location.options.path, path);
}

/** What `surety check` asks about a store. */
export function probeStore(location: StoreLocation): PlaceProbe {
  return {
    async write(how) {
      await using store = await openStore(location, { create: false });
      const key = `surety-check-${randomHex(8)}`;
      const body = Buffer.from('written by surety check; can be removed\n');
      await store.put(key, body, how);
      try {
        const read = await store.read(key, undefined, how);
        if (!body.equals(read)) throw changed(shownLocation(location));
      } finally {
        await store.delete(key, how);
      }
    },
    async freeBytes() {
      const { bavail, bsize } = await statfs(location.options.path);
      return bavail * bsize;
    },
  };
}

function changed(location: string): SuretyError {
  return new SuretyError('store.failed', `what was written to ${location} came back changed`, {
    hint: 'do not trust this disk or connection with backups',
  });
}

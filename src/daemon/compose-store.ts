/** Opens stores. */
import { hasCode, SuretyError } from '../base/errors.ts';
import { letHeapGrow } from '../base/heap.ts';
import { randomHex } from '../base/ids.ts';
import type { SecretSpec } from '../base/option-values.ts';
import { shortRetryPolicy } from '../base/retry.ts';
import type { Secret } from '../base/secret.ts';
import { fetchSecret } from '../config/secrets.ts';
import { type StoreLocation, shownLocation } from '../config/store-location.ts';
import type { StoreUse } from '../config/store-use.ts';
import type { PlaceProbe } from '../operations/check.ts';
import type { StoreToCheck } from '../operations/check-store/store-to-check.ts';
import type { Store } from '../stores/store.ts';
import { guarded, limited } from './compose-wrapped.ts';
import { isInside } from './is-inside.ts';

export interface StoreHow {
  /** Make the folder, bucket or container when it is missing. */
  readonly create: boolean;
  /** The configuration's folder. */
  readonly directory: string;
  readonly warn: (message: string) => void;
  /** How it is used: limits, append-only. Default: as it likes. */
  readonly use?: StoreUse | undefined;
  /** What is put is to be removed again: nothing is locked, and whatever may be deleted is. */
  readonly forTrial?: boolean;
  /** Somebody waits: what does not answer is not asked again for long. */
  readonly impatient?: boolean | undefined;
  /** For what opening has to ask. Default: it is not ended. */
  readonly signal?: AbortSignal | undefined;
}

/** The store with what is to be around it: limits, retries of what may pass, and what is never done to it. */
export async function openStore(location: StoreLocation, how: StoreHow): Promise<Store> {
  const { withRetry } = await import('../stores/wrap/retry.ts');
  if (location.kind !== 'file') letHeapGrow();
  const adapter = await openAdapter(location, how);
  const retrying = how.impatient === true ? { policy: shortRetryPolicy } : {};
  if (how.use === undefined) return withRetry(adapter, retrying);
  const retried = withRetry(await limited(adapter, how.use), retrying);
  return how.forTrial === true ? retried : await guarded(retried, how.use);
}

async function openAdapter(location: StoreLocation, how: StoreHow): Promise<Store> {
  switch (location.kind) {
    case 'file': {
      const { openLocalStore } = await import('../stores/local/open.ts');
      return await openLocalStore({ ...location.options, create: how.create });
    }
    case 's3': {
      const { openS3Store } = await import('../stores/s3/open.ts');
      const { accessKeyId, secretAccessKey, sessionToken } = location.options;
      const fetched = (spec: SecretSpec, what: string) =>
        fetchStoreSecret(spec, `${what} of ${shownLocation(location)}`, how);
      const secrets = accessKeyId &&
        secretAccessKey && {
          accessKeyId: await fetched(accessKeyId, 'access key'),
          secretAccessKey: await fetched(secretAccessKey, 'secret access key'),
          sessionToken: sessionToken && (await fetched(sessionToken, 'session token')),
        };
      warnOfPlainHttp(location.options.endpoint, location, how);
      return await openS3Store(location.options, { create: how.create, secrets, signal: how.signal });
    }
    case 'azure': {
      const { openAzureStore } = await import('../stores/azure/open.ts');
      const { connectionString, accountKey, sasToken, endpoint } = location.options;
      const fetched = async (spec: SecretSpec | undefined, what: string) =>
        spec && (await fetchStoreSecret(spec, `${what} of ${shownLocation(location)}`, how));
      const secrets = {
        connectionString: await fetched(connectionString, 'connection string'),
        accountKey: await fetched(accountKey, 'account key'),
        sasToken: await fetched(sasToken, 'SAS token'),
      };
      warnOfPlainHttp(endpoint, location, how);
      return await openAzureStore(location.options, { create: how.create, secrets, signal: how.signal });
    }
    case 'gcs': {
      const { openGcsStore } = await import('../stores/gcs/open.ts');
      const { credentials: spec, endpoint } = location.options;
      const credentials = spec && (await fetchStoreSecret(spec, `credentials of ${shownLocation(location)}`, how));
      warnOfPlainHttp(endpoint, location, how);
      return await openGcsStore(location.options, { create: how.create, credentials, signal: how.signal });
    }
    case 'sftp': {
      const { openSftpStore } = await import('../stores/sftp/open.ts');
      return await openSftpStore(location.options, { create: how.create, signal: how.signal });
    }
  }
}

function fetchStoreSecret(spec: SecretSpec, name: string, how: StoreHow): Promise<Secret> {
  return fetchSecret(spec, { ...how, name, signal: how.signal ?? new AbortController().signal });
}

/** What is sent over it can be read, and keys of some services be used again. */
function warnOfPlainHttp(endpoint: string | undefined, location: StoreLocation, how: StoreHow): void {
  if (endpoint === undefined || !/^http:/i.test(endpoint)) return;
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(endpoint).hostname)) return;
  how.warn(`${shownLocation(location)} is reached without encryption: write https:// in its endpoint`);
}

/** Whether something written at this absolute path would be among the store's own files. */
export function storeHolds(location: StoreLocation, path: string): boolean {
  return location.kind === 'file' && isInside(location.options.path, path);
}

/** What `surety check` asks about a store. */
export function probeStore(location: StoreLocation, how: Omit<StoreHow, 'create'>): PlaceProbe {
  const appendOnly = how.use?.appendOnly === true;
  const open = () => openStore(location, { ...how, forTrial: true, create: false });
  return {
    async write(how) {
      await using store = await open();
      // Where nothing can be deleted there is one such file, not one more each time.
      const key = appendOnly ? 'surety-check' : `surety-check-${randomHex(8)}`;
      const body = Buffer.from('written by surety check; can be removed\n');
      await store.put(key, body, how);
      try {
        const read = await store.read(key, undefined, how);
        if (!body.equals(read)) throw changed(shownLocation(location));
      } finally {
        await store.delete(key, how).catch((error: unknown) => {
          if (!appendOnly || !hasCode(error, 'store.denied', 'store.locked')) throw error;
        });
      }
    },
    async freeBytes(how) {
      await using store = await open();
      return await store.freeBytes?.(how);
    },
  };
}

/** The store of a repository for `surety store check`. */
export async function storeToCheck(
  { name, store: location, use }: { readonly name: string; readonly store: StoreLocation; readonly use: StoreUse },
  how: Omit<StoreHow, 'create'>,
): Promise<StoreToCheck> {
  const { below } = await import('../stores/wrap/below.ts');
  return {
    name,
    location: shownLocation(location),
    // What it writes it removes, so append-only is left to the service.
    open: ({ signal }) => openStore(location, { ...how, signal, create: false, use, forTrial: true }),
    part: below,
    promises: async (make) => (await import('../stores/contract.ts')).storeContract(make),
  };
}

function changed(location: string): SuretyError {
  return new SuretyError('store.failed', `what was written to ${location} came back changed`, {
    hint: 'do not trust this disk or connection with backups',
  });
}

/** Which service a store is at, and what lets somebody in: as far as it takes to tell two of them apart. No secret is kept of it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { userName, variable } from '../base/environment.ts';
import type { SecretSpec } from '../base/option-values.ts';
import { fetchSecret } from '../config/secrets.ts';
import type { LocationOf } from '../config/store-location.ts';

export interface StoreAccess {
  /** The machine or service; `name` where it is a service with many. */
  readonly host: string;
  /** A part of the service that fails by itself, such as a region; undefined: nobody can tell. */
  readonly part?: string | undefined;
  /** It is the cloud of a provider, wherever its addresses are. */
  readonly isCloud: boolean;
  /** The same for two stores that are opened with the same credentials. */
  readonly mark: string;
  /** For people. */
  readonly shown: string;
}

export interface AccessHow {
  readonly directory: string;
  readonly signal: AbortSignal;
}

const AWS = 'amazonaws.com';

/** Two keys may be of one account, which nobody can see; the same key is. */
export async function accessToS3({ options }: LocationOf<'s3'>, how: AccessHow): Promise<StoreAccess> {
  const endpoint = options.endpoint ?? set('AWS_ENDPOINT_URL_S3') ?? set('AWS_ENDPOINT_URL');
  const at = endpoint === undefined ? AWS : new URL(endpoint).hostname;
  const isAws = endpoint === undefined || /\.amazonaws\.com(\.cn)?$/.test(at);
  const host = isAws ? AWS : at;
  const key = (await idIn(options.accessKeyId, how)) ?? options.profile ?? set('AWS_ACCESS_KEY_ID') ?? 'as usual';
  const part = isAws ? (options.region ?? set('AWS_REGION') ?? set('AWS_DEFAULT_REGION')) : undefined;
  return { host, part, isCloud: isAws, mark: markOf('s3', host, key), shown: `an access key of ${host}` };
}

const AZURE = 'blob.core.windows.net';

export async function accessToAzure({ options }: LocationOf<'azure'>, how: AccessHow): Promise<StoreAccess> {
  const line = (await idIn(options.connectionString, how)) ?? set('AZURE_STORAGE_CONNECTION_STRING') ?? '';
  const inLine = (name: string) => new RegExp(`(?:^|;)${name}=([^;]*)`, 'i').exec(line)?.[1];
  const account = options.account ?? set('AZURE_STORAGE_ACCOUNT') ?? inLine('AccountName') ?? '';
  const isLocal = /(?:^|;)UseDevelopmentStorage=true/i.test(line);
  const endpoint = options.endpoint ?? inLine('BlobEndpoint') ?? (isLocal ? 'http://127.0.0.1:10000' : undefined);
  const at = endpoint === undefined ? AZURE : new URL(endpoint).hostname;
  const isCloud = endpoint === undefined || at.endsWith('.core.windows.net');
  const host = isCloud ? AZURE : at;
  const shown = `account ${account === '' ? 'as usual' : account} at ${host}`;
  return { host, isCloud, mark: markOf('azure', host, account), shown };
}

const GOOGLE = 'storage.googleapis.com';

export async function accessToGcs({ options }: LocationOf<'gcs'>, how: AccessHow): Promise<StoreAccess> {
  const at = options.endpoint === undefined ? GOOGLE : new URL(options.endpoint).hostname;
  const isCloud = at === GOOGLE || at.endsWith('.googleapis.com');
  const host = isCloud ? GOOGLE : at;
  const file = options.keyFile ?? set('GOOGLE_APPLICATION_CREDENTIALS');
  const text = (await idIn(options.credentials, how)) ?? (file === undefined ? '' : await textOf(file));
  const account = /"client_email"\s*:\s*"([^"]+)"/.exec(text)?.[1];
  const shown = account === undefined ? `credentials of ${host}` : `account ${account}`;
  return { host, isCloud, mark: markOf('gcs', host, account ?? 'as usual'), shown };
}

/** `host` is what ssh makes of the one that was written. */
export function accessToSftp({ options }: LocationOf<'sftp'>, resolved: { host: string; user?: string }): StoreAccess {
  const { host } = resolved;
  const user = options.user ?? resolved.user ?? userName();
  return { host, isCloud: false, mark: markOf('ssh', host, user), shown: `account ${user} of ${host}` };
}

function set(name: string): string | undefined {
  const value = variable(name);
  return value === '' ? undefined : value;
}

/** What can not be had is told apart by where it would come from. */
async function idIn(spec: SecretSpec | undefined, { directory, signal }: AccessHow): Promise<string | undefined> {
  if (spec === undefined) return undefined;
  try {
    return (await fetchSecret(spec, { name: 'credentials', directory, signal, warn: () => {} })).reveal();
  } catch {
    signal.throwIfAborted();
    return JSON.stringify(spec);
  }
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => file);
}

function markOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

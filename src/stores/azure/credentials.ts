import type { Agent } from 'node:http';
import {
  AnonymousCredential,
  BlobServiceClient,
  newPipeline,
  type Pipeline,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { variable } from '../../base/environment.ts';
import { messageOf, SuretyError, systemCode } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { AzureStoreOptions } from './options.ts';

/** Credentials that were written in the configuration: one of them, or none. */
export interface AzureSecrets {
  readonly connectionString?: Secret | undefined;
  readonly accountKey?: Secret | undefined;
  readonly sasToken?: Secret | undefined;
}

/** Who asks, and where. */
export interface AzureAccess {
  /** Of the account's blobs, without `/` at its end. */
  readonly endpoint: string;
  readonly credential: Credential;
  /** What follows the `?` of each request; a token that was given out. Secret. */
  readonly sas: string | undefined;
  /** Which of the ways it is, for people. */
  readonly way: string;
  /** When the token ends. */
  readonly endsAt?: Date | undefined;
}

type Credential = NonNullable<Parameters<typeof newPipeline>[0]>;

/**
 * What the configuration says; else `AZURE_STORAGE_CONNECTION_STRING`, `AZURE_STORAGE_KEY`, `AZURE_STORAGE_SAS_TOKEN`; else the identity
 * of this machine, pod or user. Throws `store.credentials` when what is there can not be used.
 */
export async function findAccess(options: AzureStoreOptions, secrets: AzureSecrets): Promise<AzureAccess> {
  const given = secrets.connectionString ?? secrets.accountKey ?? secrets.sasToken;
  const chosen = given === undefined ? fromEnvironment() : secrets;
  const reveal = (secret: Secret | string | undefined) => (typeof secret === 'string' ? secret : secret?.reveal());
  const [string, key, sas] = [chosen.connectionString, chosen.accountKey, chosen.sasToken].map(reveal);
  if (string !== undefined) return fromConnectionString(string, options);
  if (key !== undefined) return withKey(key, options);
  if (sas !== undefined) return withSas(sas, endpointOf(options), 'a SAS token');
  return await withIdentity(options);
}

type Given = { readonly [Key in keyof AzureSecrets]: Secret | string | undefined };

function fromEnvironment(): Given {
  const [connectionString, accountKey, sasToken] = ['CONNECTION_STRING', 'KEY', 'SAS_TOKEN'].map((name) => {
    const value = variable(`AZURE_STORAGE_${name}`);
    return value === '' ? undefined : value;
  });
  return { connectionString, accountKey, sasToken };
}

function fromConnectionString(text: string, options: AzureStoreOptions): AzureAccess {
  const { url, credential } = parsed(text);
  const found = new URL(url);
  const endpoint = options.endpoint ?? `${found.origin}${found.pathname}`.replace(/\/+$/, '');
  if (found.search !== '') return withSas(found.search, endpoint, 'a connection string with a SAS token');
  return { endpoint, credential, sas: undefined, way: 'a connection string' };
}

function parsed(text: string): { readonly url: string; readonly credential: Credential } {
  try {
    const { url, credential } = BlobServiceClient.fromConnectionString(text);
    return { url, credential };
  } catch (error) {
    // Its message may have a part of the text in it.
    throw new SuretyError('store.credentials', 'the connection string is not one of an Azure storage account', {
      hint: 'copy it from the portal: it has DefaultEndpointsProtocol= or SharedAccessSignature= in it',
      details: { kind: error instanceof Error ? error.name : 'unknown' },
    });
  }
}

function withKey(key: string, options: AzureStoreOptions): AzureAccess {
  const endpoint = endpointOf(options);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(key)) {
    throw new SuretyError('store.credentials', 'the account key is not one of an Azure storage account', {
      hint: 'copy it from the portal: it is base64 and has 88 characters',
    });
  }
  const credential = new StorageSharedKeyCredential(accountOf(options, endpoint), key);
  return { endpoint, credential, sas: undefined, way: 'an account key' };
}

function withSas(token: string, endpoint: string, way: string): AzureAccess {
  const sas = token.replace(/^\?/, '');
  const fields = new URLSearchParams(sas);
  if (!fields.has('sig')) {
    throw new SuretyError('store.credentials', 'the SAS token has no signature (sig=…) in it', {
      hint: 'copy the whole token from the portal',
    });
  }
  const endsAt = new Date(fields.get('se') ?? '');
  return {
    ...{ endpoint, credential: new AnonymousCredential(), sas, way },
    endsAt: Number.isNaN(endsAt.getTime()) ? undefined : endsAt,
  };
}

async function withIdentity(options: AzureStoreOptions): Promise<AzureAccess> {
  const endpoint = endpointOf(options);
  try {
    const { DefaultAzureCredential } = await import('@azure/identity');
    const credential = new DefaultAzureCredential({ retryOptions: { maxRetries: 1 } });
    return { endpoint, credential, sas: undefined, way: 'the identity of this machine or user' };
  } catch (error) {
    if (systemCode(error) !== 'ERR_MODULE_NOT_FOUND') throw failed(error);
    throw new SuretyError('store.credentials', 'there are no credentials for Azure', {
      hint: 'set AZURE_STORAGE_CONNECTION_STRING; for managed identities run npm install @azure/identity',
      cause: error,
    });
  }
}

function failed(error: unknown): SuretyError {
  return new SuretyError('store.credentials', `the identity of this machine can not be used: ${messageOf(error)}`, {
    hint: 'set AZURE_STORAGE_CONNECTION_STRING, or connection_string, account_key or sas_token',
    cause: error,
  });
}

function endpointOf(options: AzureStoreOptions): string {
  if (options.endpoint !== undefined) return options.endpoint;
  return `https://${requireAccount(options)}.blob.core.windows.net`;
}

/** A custom name does not have the account in it. */
function accountOf(options: AzureStoreOptions, endpoint: string): string {
  const { hostname, pathname } = new URL(endpoint);
  const named = options.account ?? /^([a-z0-9]+)\.blob\./.exec(hostname)?.[1] ?? pathname.split('/')[1];
  return named === undefined || named === '' ? requireAccount(options) : named;
}

function requireAccount(options: AzureStoreOptions): string {
  const account = options.account ?? variable('AZURE_STORAGE_ACCOUNT');
  if (account !== undefined && account !== '') return account;
  throw new SuretyError('store.credentials', `the store azure://${options.container} does not say in which account`, {
    hint: 'set AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_CONNECTION_STRING, or account in the configuration',
  });
}

/** The vendor's client without retries, which are somebody else's business, and with connections of ours. */
export function pipelineFor(credential: Credential, agent: Agent): Pipeline {
  const options: StoragePipelineOptions & { readonly agent: Agent } = { retryOptions: { maxTries: 1 }, agent };
  return newPipeline(credential, options);
}

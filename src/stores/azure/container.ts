/** An open connection to a container, and the one way in which it is asked for something. */
import type { BlobServiceClient, BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import type { Gate } from '../../base/limit.ts';
import type { RetryPolicy } from '../../base/retry.ts';
import type { How } from '../store.ts';
import type { AzureAccess } from './credentials.ts';
import { azureFailure } from './failure.ts';
import type { AzureStoreOptions } from './options.ts';

export interface Container {
  /** The account. */
  readonly service: BlobServiceClient;
  readonly client: ContainerClient;
  readonly name: string;
  /** '' or ends with `/`. */
  readonly prefix: string;
  /** For people. */
  readonly location: string;
  readonly options: AzureStoreOptions;
  readonly access: AzureAccess;
  /** Requests at once. */
  readonly gate: Gate;
  readonly connections: number;
  /** For single parts of a body. */
  readonly policy: RetryPolicy | undefined;
}

/** What each call of the client has. */
export interface Sending {
  readonly abortSignal: AbortSignal;
}

/**
 * Makes a request and throws the port's errors. `action` says for people what was tried: `read index/ab…`. It waits until fewer
 * requests than allowed are under way, so that no waiting is taken for a dead connection.
 */
export async function ask<T>(
  container: Container,
  action: string,
  how: How,
  send: (sending: Sending) => Promise<T>,
): Promise<T> {
  return await container.gate.run(() => askNow(container, action, how, send), how.signal);
}

/** The same without waiting: for an answer that is read for as long as somebody likes. */
export async function askNow<T>(
  container: Container,
  action: string,
  how: How,
  send: (sending: Sending) => Promise<T>,
): Promise<T> {
  how.signal.throwIfAborted();
  try {
    return await send({ abortSignal: how.signal });
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw azureFailure(error, action, container);
  }
}

export function blobOf(container: Container, key: string): BlockBlobClient {
  return container.client.getBlockBlobClient(container.prefix + key);
}

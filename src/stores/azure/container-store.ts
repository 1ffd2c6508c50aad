/** The store port on a container. */
import { BlobServiceClient } from '@azure/storage-blob';
import { openGate } from '../../base/limit.ts';
import type { RetryPolicy } from '../../base/retry.ts';
import { checkedCalls } from '../checked-calls.ts';
import { type Connections, openConnections } from '../connections.ts';
import type { How, Store } from '../store.ts';
import { ask, type Container } from './container.ts';
import { type AzureSecrets, findAccess, pipelineFor } from './credentials.ts';
import { deleteBlob } from './delete.ts';
import { describeContainer, serverTime } from './describe.ts';
import { listBlobs } from './list.ts';
import { type AzureStoreOptions, shownAzure } from './options.ts';
import { putBlob } from './put.ts';
import { readBlob, statBlob, streamBlob } from './read.ts';
import { containerTrials } from './trials.ts';

export interface AzureStoreHow {
  /** Make the container when it is missing; nobody else can read it. */
  readonly create?: boolean;
  readonly secrets?: AzureSecrets | undefined;
  /** For single parts of a body. */
  readonly policy?: RetryPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CONNECTIONS = 16;

export async function openContainerStore(options: AzureStoreOptions, how: AzureStoreHow): Promise<Store> {
  const connections = openConnections(options);
  try {
    const container = await connect(options, how, connections);
    const asking = { signal: how.signal ?? new AbortController().signal };
    if (how.create === true) {
      await ask(container, 'make the container', asking, (sending) => container.client.createIfNotExists(sending));
    }
    return containerStore(container, connections);
  } catch (error) {
    connections[Symbol.dispose]();
    throw error;
  }
}

async function connect(options: AzureStoreOptions, how: AzureStoreHow, { agentFor }: Connections): Promise<Container> {
  const access = await findAccess(options, how.secrets ?? {});
  const { endpoint, credential, sas } = access;
  const url = sas === undefined ? endpoint : `${endpoint}?${sas}`;
  const service = new BlobServiceClient(url, pipelineFor(credential, agentFor(endpoint)));
  const limit = options.connections ?? CONNECTIONS;
  return {
    service,
    client: service.getContainerClient(options.container),
    name: options.container,
    prefix: options.prefix === '' ? '' : `${options.prefix}/`,
    location: shownAzure({ ...options, endpoint }),
    options,
    access,
    gate: openGate(limit),
    connections: limit,
    policy: how.policy,
  };
}

function containerStore(container: Container, connections: Connections): Store {
  return {
    traits: {
      kind: 'azure',
      location: container.location,
      connections: container.connections,
      conditionalPut: true,
      remote: true,
    },

    ...checkedCalls(container, {
      put: putBlob,
      read: readBlob,
      stream: streamBlob,
      stat: statBlob,
      list: listBlobs,
      delete: deleteBlob,
    }),

    describe: (how: How) => describeContainer(container, how),
    serverTime: (how: How) => serverTime(container, how),
    trials: containerTrials(container),

    async [Symbol.asyncDispose](): Promise<void> {
      connections[Symbol.dispose]();
    },
  };
}

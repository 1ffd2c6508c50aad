/** The store port on a bucket. */
import { openGate } from '../../base/limit.ts';
import type { RetryPolicy } from '../../base/retry.ts';
import type { Secret } from '../../base/secret.ts';
import { checkedCalls } from '../checked-calls.ts';
import { type Connections, openConnections } from '../connections.ts';
import type { How, Store } from '../store.ts';
import type { Bucket } from './bucket.ts';
import { createBucket } from './create-bucket.ts';
import { openAccess } from './credentials.ts';
import { deleteObject } from './delete.ts';
import { describeBucket, serverTime } from './describe.ts';
import { listObjects } from './list.ts';
import { objectLocks } from './locks.ts';
import { type GcsStoreOptions, shownGcs } from './options.ts';
import { putObject } from './put.ts';
import { readObject, statObject, streamObject } from './read.ts';
import { bucketTrials } from './trials.ts';

export interface GcsStoreHow {
  /** Make the bucket when it is missing; nobody else can read it. */
  readonly create?: boolean;
  /** A credentials file in JSON. */
  readonly credentials?: Secret | undefined;
  /** For single parts of a body. */
  readonly policy?: RetryPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CONNECTIONS = 16;
const GOOGLE = 'https://storage.googleapis.com';

export async function openBucketStore(options: GcsStoreOptions, how: GcsStoreHow): Promise<Store> {
  const links = openConnections(options);
  try {
    const bucket = connect(options, how, links);
    if (how.create === true) await createBucket(bucket, { signal: how.signal ?? new AbortController().signal });
    return bucketStore(bucket);
  } catch (error) {
    links[Symbol.dispose]();
    throw error;
  }
}

function connect(options: GcsStoreOptions, how: GcsStoreHow, links: Connections): Bucket {
  const connections = options.connections ?? CONNECTIONS;
  return {
    name: options.bucket,
    prefix: options.prefix === '' ? '' : `${options.prefix}/`,
    location: shownGcs(options),
    endpoint: options.endpoint ?? GOOGLE,
    options,
    access: openAccess(options, how.credentials, links),
    links,
    gate: openGate(connections),
    connections,
    policy: how.policy,
  };
}

function bucketStore(bucket: Bucket): Store {
  const { options } = bucket;
  return {
    traits: {
      kind: 'gcs',
      location: bucket.location,
      connections: bucket.connections,
      conditionalPut: true,
      remote: true,
    },

    ...checkedCalls(bucket, {
      put: putObject,
      read: readObject,
      stream: streamObject,
      stat: statObject,
      list: listObjects,
      delete: deleteObject,
    }),

    describe: (how: How) => describeBucket(bucket, how),
    serverTime: (how: How) => serverTime(bucket, how),
    ...(options.objectLock === undefined ? {} : { locks: objectLocks(bucket, options.objectLock) }),
    trials: bucketTrials(bucket),

    async [Symbol.asyncDispose](): Promise<void> {
      bucket.links[Symbol.dispose]();
    },
  };
}

/** The store port on a bucket. */
import { openGate } from '../../base/limit.ts';
import type { RetryPolicy } from '../../base/retry.ts';
import { checkedCalls } from '../checked-calls.ts';
import type { How, Store } from '../store.ts';
import type { Bucket } from './bucket.ts';
import { createClient, endpointOf, type S3Secrets } from './client.ts';
import { createBucket } from './create-bucket.ts';
import { deleteObject } from './delete.ts';
import { describeBucket, serverTime } from './describe.ts';
import { listObjects } from './list.ts';
import { objectLocks } from './locks.ts';
import { type S3StoreOptions, shownS3 } from './options.ts';
import { putObject } from './put.ts';
import { readObject, statObject, streamObject } from './read.ts';
import { bucketTrials } from './trials.ts';

export interface S3StoreHow {
  /** Make the bucket when it is missing. */
  readonly create?: boolean;
  readonly secrets?: S3Secrets | undefined;
  /** For single parts of a body. */
  readonly policy?: RetryPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

const CONNECTIONS = 16;

export async function openBucketStore(options: S3StoreOptions, how: S3StoreHow): Promise<Store> {
  const bucket = connect(options, how);
  try {
    if (how.create === true) await createBucket(bucket, { signal: how.signal ?? new AbortController().signal });
  } catch (error) {
    bucket.client.destroy();
    throw error;
  }
  return bucketStore(bucket);
}

export function connect(options: S3StoreOptions, how: S3StoreHow): Bucket {
  const connections = options.connections ?? CONNECTIONS;
  return {
    client: createClient(options, how.secrets),
    name: options.bucket,
    prefix: options.prefix === '' ? '' : `${options.prefix}/`,
    location: shownS3({ ...options, endpoint: endpointOf(options) }),
    options,
    gate: openGate(connections),
    connections,
    policy: how.policy,
    conditional: { works: options.conditionalPut ?? isKept(options), turn: openGate(1) },
  };
}

/** Object lock needs versions, and of services other than AWS some ignore the condition of a put where there are any. */
function isKept({ endpoint, objectLock }: S3StoreOptions): boolean {
  return endpoint === undefined || objectLock === undefined;
}

function bucketStore(bucket: Bucket): Store {
  const { options, conditional } = bucket;
  return {
    traits: {
      kind: 's3',
      location: bucket.location,
      connections: bucket.connections,
      // The service may say at the first such write that it knows none.
      get conditionalPut() {
        return conditional.works;
      },
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
      bucket.client.destroy();
    },
  };
}

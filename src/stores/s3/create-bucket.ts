import { CreateBucketCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { hasCode } from '../../base/errors.ts';
import type { How } from '../store.ts';
import { ask, type Bucket } from './bucket.ts';
import { endpointOf } from './client.ts';
import { explained } from './explain.ts';
import { serviceCode } from './failure.ts';

/** AWS wants its first region to be left out. */
const REGION_WITHOUT_NAME = 'us-east-1';

/** Makes the bucket when it is missing: private, and with object lock where the options ask for that. */
export async function createBucket(bucket: Bucket, how: How): Promise<void> {
  const Bucket = bucket.name;
  const look = new HeadBucketCommand({ Bucket });
  try {
    await ask(bucket, 'look for the bucket', how, (client, sending) => client.send(look, sending));
    return;
  } catch (error) {
    // Who may not ask may still use it.
    if (hasCode(error, 'store.denied')) {
      const why = await explained(error, bucket, 'look for the bucket', how);
      if (hasCode(why, 'store.denied')) return;
      throw why;
    }
    if (!hasCode(error, 'store.not-found')) throw await explained(error, bucket, 'look for the bucket', how);
  }
  const region = await bucket.client.config.region();
  const command = new CreateBucketCommand({
    Bucket,
    ...(bucket.options.objectLock === undefined ? {} : { ObjectLockEnabledForBucket: true }),
    ...(region === REGION_WITHOUT_NAME || endpointOf(bucket.options) !== undefined
      ? {}
      : { CreateBucketConfiguration: { LocationConstraint: region as never } }),
  });
  try {
    await ask(bucket, 'make the bucket', how, (client, sending) => client.send(command, sending));
  } catch (error) {
    if (serviceCode(error) !== 'BucketAlreadyOwnedByYou') throw error;
  }
}

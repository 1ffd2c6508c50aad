import { hasCode } from '../../base/errors.ts';
import type { How } from '../store.ts';
import { ask, type Bucket, bucketPath } from './bucket.ts';
import { serviceStatus } from './failure.ts';

/** Makes the bucket when it is missing, so that nobody can make it public. */
export async function createBucket(bucket: Bucket, how: How): Promise<void> {
  const action = 'make the bucket';
  try {
    await ask(bucket, action, how, { path: bucketPath(bucket), query: { fields: 'name' } });
    return;
  } catch (error) {
    // Who may not ask for the bucket may use it all the same.
    if (hasCode(error, 'store.denied')) return;
    if (!hasCode(error, 'store.not-found')) throw error;
  }
  const { location, objectLock } = bucket.options;
  const project = await bucket.access.projectId(how);
  try {
    await ask(bucket, action, how, {
      method: 'POST',
      path: '/storage/v1/b',
      query: { project, ...(objectLock === undefined ? {} : { enableObjectRetention: 'true' }) },
      json: {
        name: bucket.name,
        ...(location === undefined ? {} : { location }),
        iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'enforced' },
      },
    });
  } catch (error) {
    // Somebody else was faster.
    if (serviceStatus(error) !== 409) throw error;
  }
}

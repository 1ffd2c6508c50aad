import { hasCode } from '../../base/errors.ts';
import type { StoreTrials } from '../store.ts';
import { ask, type Bucket, objectPath } from './bucket.ts';
import { deleteObject } from './delete.ts';
import { serviceStatus } from './failure.ts';
import { md5Of, putBytes } from './put-bytes.ts';
import type { ObjectFacts } from './read.ts';

/** What a bucket does when it is tried, whatever it says of itself. */
export function bucketTrials(bucket: Bucket): StoreTrials {
  return {
    async refusesDamaged(key, how) {
      try {
        await putBytes(bucket, key, Buffer.from('these bytes'), how, md5Of(Buffer.from('other bytes')));
      } catch (error) {
        if (hasCode(error, 'store.unavailable') && serviceStatus(error) === 400) return true;
        throw error;
      }
      await deleteObject(bucket, key, how);
      return false;
    },

    async keepsLocked(key, how) {
      const path = objectPath(bucket, key);
      const found = await ask<ObjectFacts>(bucket, `look at ${key}`, how, { path, query: { fields: 'generation' } });
      try {
        // With its generation it is gone for good, also where the bucket keeps versions.
        const query = { generation: found.json.generation };
        await ask(bucket, `delete ${key}`, how, { method: 'DELETE', path, query });
        return false;
      } catch (error) {
        if (hasCode(error, 'store.locked')) return true;
        throw error;
      }
    },
  };
}

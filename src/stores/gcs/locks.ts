/** Object retention: https://cloud.google.com/storage/docs/object-lock */
import { hasCode } from '../../base/errors.ts';
import { notFound } from '../body.ts';
import type { How, ObjectLocks } from '../store.ts';
import { ask, type Bucket, objectPath } from './bucket.ts';
import { isBucketMissing } from './failure.ts';

interface Retention {
  readonly retention?: { readonly mode?: string; readonly retainUntilTime?: string };
  /** By the policy of the bucket. */
  readonly retentionExpirationTime?: string;
}

export function objectLocks(bucket: Bucket, mode: 'unlocked' | 'locked'): ObjectLocks {
  async function look(key: string, how: How): Promise<Retention> {
    const query = { fields: 'retention,retentionExpirationTime' };
    const question = { path: objectPath(bucket, key), query };
    try {
      return (await ask<Retention>(bucket, `look at the lock of ${key}`, how, question)).json ?? {};
    } catch (error) {
      throw missing(error, key);
    }
  }

  function missing(error: unknown, key: string): unknown {
    const isObject = hasCode(error, 'store.not-found') && !isBucketMissing(error);
    return isObject ? notFound(key, bucket.location, error) : error;
  }

  return {
    async extend(key, until, how) {
      const { retention } = await look(key, how);
      if (retention?.retainUntilTime !== undefined && new Date(retention.retainUntilTime) >= until) return;
      // What is locked for good stays so.
      const wanted = mode === 'locked' || retention?.mode === 'Locked' ? 'Locked' : 'Unlocked';
      try {
        await ask(bucket, `lock ${key}`, how, {
          method: 'PATCH',
          path: objectPath(bucket, key),
          query: { fields: 'retention' },
          json: { retention: { mode: wanted, retainUntilTime: until.toISOString() } },
        });
      } catch (error) {
        throw missing(error, key);
      }
    },

    async until(key, how) {
      const { retention, retentionExpirationTime } = await look(key, how);
      const times = [retention?.retainUntilTime, retentionExpirationTime].filter((time) => time !== undefined);
      const last = Math.max(...times.map((time) => new Date(time).getTime()));
      return times.length === 0 ? undefined : new Date(last);
    },
  };
}

import { GetObjectRetentionCommand, ObjectLockRetentionMode, PutObjectRetentionCommand } from '@aws-sdk/client-s3';
import { hasCode } from '../../base/errors.ts';
import { notFound } from '../body.ts';
import { checkKey } from '../key.ts';
import type { How, ObjectLocks } from '../store.ts';
import { ask, type Bucket, objectOf } from './bucket.ts';
import { serviceCode } from './failure.ts';

const NO_LOCK = new Set(['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError']);

/** The retention of single objects. A service refuses to shorten it, so it can only be moved later. */
export function objectLocks(bucket: Bucket, mode: 'governance' | 'compliance'): ObjectLocks {
  const Mode = mode === 'governance' ? ObjectLockRetentionMode.GOVERNANCE : ObjectLockRetentionMode.COMPLIANCE;

  async function until(key: string, how: How): Promise<Date | undefined> {
    checkKey(key);
    const command = new GetObjectRetentionCommand(objectOf(bucket, key));
    try {
      const found = await ask(bucket, `look at the lock of ${key}`, how, (client, sending) =>
        client.send(command, sending),
      );
      return found.Retention?.RetainUntilDate;
    } catch (error) {
      if (NO_LOCK.has(serviceCode(error))) return undefined;
      if (hasCode(error, 'store.not-found') && serviceCode(error) !== 'NoSuchBucket') return undefined;
      throw error;
    }
  }

  async function extend(key: string, time: Date, how: How): Promise<void> {
    checkKey(key);
    const Retention = { Mode, RetainUntilDate: time };
    const command = new PutObjectRetentionCommand({ ...objectOf(bucket, key), Retention });
    try {
      await ask(bucket, `lock ${key}`, how, (client, sending) => client.send(command, sending));
    } catch (error) {
      if (serviceCode(error) === 'NoSuchKey') throw notFound(key, bucket.location, error);
      // It is locked for longer already: then nothing is to be done.
      if (!hasCode(error, 'store.denied', 'store.locked')) throw error;
      const locked = await until(key, how);
      if (locked === undefined || locked < time) throw error;
    }
  }

  return { extend, until };
}

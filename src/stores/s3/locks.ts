import { GetObjectRetentionCommand, ObjectLockRetentionMode, PutObjectRetentionCommand } from '@aws-sdk/client-s3';
import { hasCode } from '../../base/errors.ts';
import { notFound } from '../body.ts';
import { checkKey } from '../key.ts';
import type { How, ObjectLocks } from '../store.ts';
import { ask, type Bucket, objectOf } from './bucket.ts';
import { serviceCode } from './failure.ts';
import { requireLocks } from './lock-facts.ts';

const NO_LOCK = new Set(['NoSuchObjectLockConfiguration', 'ObjectLockConfigurationNotFoundError']);

/** The retention of single objects. A service refuses to shorten it, so it can only be moved later. */
export function objectLocks(bucket: Bucket, mode: 'governance' | 'compliance'): ObjectLocks {
  const Mode = mode === 'governance' ? ObjectLockRetentionMode.GOVERNANCE : ObjectLockRetentionMode.COMPLIANCE;

  async function find(key: string, how: How): Promise<Date | undefined> {
    const command = new GetObjectRetentionCommand(objectOf(bucket, key));
    const action = `look at the lock of ${key}`;
    try {
      const found = await ask(bucket, action, how, (client, sending) => client.send(command, sending));
      return found.Retention?.RetainUntilDate;
    } catch (error) {
      if (NO_LOCK.has(serviceCode(error))) return undefined;
      throw error;
    }
  }

  async function until(key: string, how: How): Promise<Date | undefined> {
    checkKey(key);
    await requireLocks(bucket, how);
    try {
      return await find(key, how);
    } catch (error) {
      if (hasCode(error, 'store.not-found') && serviceCode(error) !== 'NoSuchBucket') return undefined;
      throw error;
    }
  }

  /** Looking first also finds services that do not know locks: they would take what follows for a new body of the object. */
  async function extend(key: string, time: Date, how: How): Promise<void> {
    checkKey(key);
    await requireLocks(bucket, how);
    try {
      const locked = await find(key, how);
      if (locked !== undefined && locked >= time) return;
      const command = new PutObjectRetentionCommand({
        ...objectOf(bucket, key),
        Retention: { Mode, RetainUntilDate: time },
      });
      await ask(bucket, `lock ${key}`, how, (client, sending) => client.send(command, sending));
    } catch (error) {
      if (serviceCode(error) === 'NoSuchKey') throw notFound(key, bucket.location, error);
      throw error;
    }
  }

  return { extend, until };
}

import { GetObjectLockConfigurationCommand, type ObjectLockConfiguration } from '@aws-sdk/client-s3';
import { SuretyError } from '../../base/errors.ts';
import type { How } from '../store.ts';
import { ask, type Bucket } from './bucket.ts';
import { serviceCode } from './failure.ts';

/** What a bucket says about its object lock. */
export interface LockFacts {
  /** Undefined: it does not say, or not to everybody. */
  readonly objectLock: 'on' | 'off' | undefined;
  /** Of bodies that come without a retention of their own. */
  readonly defaultRetention: string | undefined;
}

/** Throws only what may pass. */
export async function lockFacts(bucket: Bucket, how: How): Promise<LockFacts> {
  const command = new GetObjectLockConfigurationCommand({ Bucket: bucket.name });
  try {
    const answer = await ask(bucket, 'ask for the object lock', how, (client, sending) =>
      client.send(command, sending),
    );
    const found = answer.ObjectLockConfiguration;
    const objectLock = found?.ObjectLockEnabled === 'Enabled' ? 'on' : 'off';
    return { objectLock, defaultRetention: retentionText(found) };
  } catch (error) {
    if (!(error instanceof SuretyError) || error.retry === 'later') throw error;
    const isOff = serviceCode(error) === 'ObjectLockConfigurationNotFoundError';
    return { objectLock: isOff ? 'off' : undefined, defaultRetention: undefined };
  }
}

const locking = new WeakSet<Bucket>();

/**
 * Fails unless the bucket keeps locks. Some services take a lock for an ordinary body: they would store without it, or put the request
 * for a lock in the place of the object.
 */
export async function requireLocks(bucket: Bucket, how: How): Promise<void> {
  if (locking.has(bucket)) return;
  const { objectLock } = await lockFacts(bucket, how);
  if (objectLock === 'off') {
    throw new SuretyError('store.failed', `${bucket.location} has no object lock, so nothing can be locked there`, {
      hint: 'leave object_lock out, or use a bucket that was made with object lock',
    });
  }
  locking.add(bucket);
}

function retentionText(found: ObjectLockConfiguration | undefined): string | undefined {
  const { Mode: mode, Days: days, Years: years } = found?.Rule?.DefaultRetention ?? {};
  if (mode === undefined) return undefined;
  return `${years === undefined ? `${days} days` : `${years} years`}, ${mode.toLowerCase()}`;
}

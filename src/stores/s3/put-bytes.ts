import { createHash } from 'node:crypto';
import { PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { alreadyExists } from '../body.ts';
import type { How, PutHow } from '../store.ts';
import { ask, type Bucket, objectOf } from './bucket.ts';
import { CHANGED_ON_THE_WAY, serviceCode, serviceStatus } from './failure.ts';
import { requireLocks } from './lock-facts.ts';
import { readObject, statObject } from './read.ts';

/** One request. The object is there as a whole when it is answered, or not at all. */
export async function putBytes(bucket: Bucket, key: string, bytes: Uint8Array, how: PutHow): Promise<void> {
  if (isLocking(bucket, how)) await requireLocks(bucket, how);
  if (how.ifAbsent !== true) return await send(bucket, key, bytes, how);
  // Some services accept the condition in buckets with versions, and replace the object all the same.
  if (bucket.options.endpoint !== undefined) await requireAbsent(bucket, key, how);
  if (bucket.conditional.works && (await putIfAbsent(bucket, key, bytes, how))) return;
  // Of those in this process one wins all the same.
  await bucket.conditional.turn.run(async () => {
    await requireAbsent(bucket, key, how);
    await send(bucket, key, bytes, how);
  }, how.signal);
}

/** False when the service does not know this, so that nothing was stored. */
async function putIfAbsent(bucket: Bucket, key: string, bytes: Uint8Array, how: PutHow): Promise<boolean> {
  try {
    await send(bucket, key, bytes, how, { IfNoneMatch: '*' });
    return true;
  } catch (error) {
    if (serviceStatus(error) === 412) throw alreadyExists(key, bucket.location, error);
    if (serviceStatus(error) !== 501 && serviceCode(error) !== 'NotImplemented') throw error;
    bucket.conditional.works = false;
    return false;
  }
}

/** Fails with `store.exists` when the key is taken. */
export async function requireAbsent(bucket: Bucket, key: string, how: How): Promise<void> {
  if ((await statObject(bucket, key, how)) !== undefined) throw alreadyExists(key, bucket.location);
}

/**
 * A name that looks like the SHA-256 of the body, as nearly all of a `restic` repository are, is taken for it: the service compares, and
 * this process need not read the body once more to sign it. Where the service finds it to be another name, it is signed as any other.
 */
async function send(
  bucket: Bucket,
  key: string,
  bytes: Uint8Array,
  how: PutHow,
  condition: Partial<PutObjectCommandInput> = {},
): Promise<void> {
  const named = bytes.length < MIN_NAMED_BYTES ? undefined : /(?:^|\/)([0-9a-f]{64})$/.exec(key)?.[1];
  if (named === undefined) return await sendSigned(bucket, key, bytes, how, condition);
  try {
    await sendSigned(bucket, key, bytes, how, condition, named);
  } catch (error) {
    if (!CHANGED_ON_THE_WAY.has(serviceCode(error))) throw error;
    await sendSigned(bucket, key, bytes, how, condition);
  }
}

/** What is smaller is signed in no time. */
const MIN_NAMED_BYTES = 64 * 1024;

async function sendSigned(
  bucket: Bucket,
  key: string,
  bytes: Uint8Array,
  how: PutHow,
  condition: Partial<PutObjectCommandInput>,
  sha256?: string,
): Promise<void> {
  const command = new PutObjectCommand({
    ...objectOf(bucket, key),
    ...attributes(bucket, how),
    ...condition,
    Body: bytes,
    ...(isLocking(bucket, how) ? { ContentMD5: md5(bytes) } : {}),
  });
  if (sha256 !== undefined) {
    command.middlewareStack.add(
      (next) => async (args) => {
        (args.request as { readonly headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
        return await next(args);
      },
      { step: 'build' },
    );
  }
  const { ETag: etag } = await ask(bucket, `write ${key}`, how, (client, sending) => client.send(command, sending));
  // What a proxy answers in place of the service says that all is well, too.
  if (etag !== undefined && etag !== '') return;
  throw new SuretyError('store.failed', `${bucket.location} did not say what it stored of ${key}`, {
    hint: 'check the endpoint, and what is between here and there: the answer is not one of S3',
    details: { key },
  });
}

/** Whether the body is locked as it is stored. A service wants the MD5 of such bodies. */
export function isLocking(bucket: Bucket, how: PutHow): boolean {
  return bucket.options.objectLock !== undefined && how.keepUntil !== undefined;
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

/** What each object of the store gets. There is no access list among it: what the bucket says holds. */
export function attributes(bucket: Bucket, how: PutHow) {
  const { storageClass, encryption, kmsKeyId, objectLock } = bucket.options;
  const locked = isLocking(bucket, how)
    ? {
        ObjectLockMode: objectLock === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE',
        ObjectLockRetainUntilDate: how.keepUntil,
      }
    : {};
  return {
    ...(storageClass === undefined ? {} : { StorageClass: storageClass }),
    ...(encryption === undefined ? {} : { ServerSideEncryption: encryption }),
    ...(kmsKeyId === undefined ? {} : { SSEKMSKeyId: kmsKeyId }),
    ...locked,
  } as Pick<
    PutObjectCommandInput,
    'StorageClass' | 'ServerSideEncryption' | 'SSEKMSKeyId' | 'ObjectLockMode' | 'ObjectLockRetainUntilDate'
  >;
}

/** Whether the object has exactly these bytes. */
export async function holdsBytes(bucket: Bucket, key: string, bytes: Uint8Array, how: How): Promise<boolean> {
  const found = await statObject(bucket, key, how);
  if (found?.sizeBytes !== bytes.length) return false;
  try {
    return Buffer.compare(await readObject(bucket, key, undefined, how), bytes) === 0;
  } catch (error) {
    if (hasCode(error, 'store.not-found')) return false;
    throw error;
  }
}

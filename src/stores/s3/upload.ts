import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { formatBytes } from '../../base/bytes.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { retry } from '../../base/retry.ts';
import { alreadyExists, bodySize, checkBodySize } from '../body.ts';
import { type Part, sendInParts } from '../parts.ts';
import type { Body, PutHow } from '../store.ts';
import { ask, type Bucket, objectOf } from './bucket.ts';
import { deleteObject } from './delete.ts';
import { serviceCode, serviceStatus } from './failure.ts';
import { requireLocks } from './lock-facts.ts';
import { objectLocks } from './locks.ts';
import { attributes, holdsBytes, isLocking, md5, putBytes, requireAbsent } from './put-bytes.ts';
import { statObject } from './read.ts';
import { removeAbandonedOnce } from './unfinished.ts';

const MIB = 2 ** 20;
/** A service takes no more parts than this of one object. */
const MAX_PARTS = 10_000;
const PART_BYTES = 16 * MIB;
/** For bodies whose size nobody knows: as many as a service takes hold 600 GB. Some services want all parts to be of one size. */
const PART_BYTES_OF_UNKNOWN = 56 * MIB;
const PARALLEL = 4;
const PARALLEL_OF_UNKNOWN = 2;
const ABORT_TIMEOUT_MS = 20_000;

/**
 * Sends a body in parts, several at once. It is an object after the last request only; whatever fails before removes the parts. A body
 * of one part is one ordinary put.
 */
export async function putInParts(bucket: Bucket, key: string, body: Body, how: PutHow): Promise<void> {
  const sizeBytes = bodySize(body);
  const partBytes = partBytesOf(bucket, sizeBytes);
  const parallel = Math.min(bucket.connections, sizeBytes === undefined ? PARALLEL_OF_UNKNOWN : PARALLEL);
  const upload = openUpload(bucket, key, body, how);
  try {
    const sentBytes = await sendInParts(
      body,
      { signal: how.signal, partBytes, parallel, policy: bucket.policy },
      (part, signal) => upload.send(part, signal),
    );
    if (!upload.isBegun()) return;
    checkBodySize(key, body, sentBytes);
    await upload.complete(sentBytes);
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

function partBytesOf(bucket: Bucket, sizeBytes: number | undefined): number {
  const wanted = bucket.options.partSizeBytes;
  if (sizeBytes === undefined) return wanted ?? PART_BYTES_OF_UNKNOWN;
  return Math.max(wanted ?? PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
}

interface Upload {
  send(part: Part, signal: AbortSignal): Promise<void>;
  isBegun(): boolean;
  complete(sizeBytes: number): Promise<void>;
  abort(): Promise<void>;
}

function openUpload(bucket: Bucket, key: string, body: Body, how: PutHow): Upload {
  const object = objectOf(bucket, key);
  const action = `write ${key}`;
  const etags: (string | undefined)[] = [];
  let beginning: Promise<string> | undefined;
  let singleAttempts = 0;

  async function begin(signal: AbortSignal): Promise<string> {
    if (isLocking(bucket, how)) await requireLocks(bucket, { signal });
    if (how.ifAbsent === true) await requireAbsent(bucket, key, { signal });
    await removeAbandonedOnce(bucket, { signal });
    const command = new CreateMultipartUploadCommand({ ...object, ...attributes(bucket, how) });
    const { UploadId: id } = await ask(bucket, action, { signal }, (client, sending) => client.send(command, sending));
    if (id !== undefined) return id;
    throw new SuretyError('store.failed', `${bucket.location} gave no name to the upload of ${key}`);
  }

  /** All parts wait for one beginning; one that failed may be tried again. */
  function begun(signal: AbortSignal): Promise<string> {
    beginning ??= begin(signal).catch((error: unknown) => {
      beginning = undefined;
      throw error;
    });
    return beginning;
  }

  async function sendOnly(part: Part, signal: AbortSignal): Promise<void> {
    checkBodySize(key, body, part.bytes.length);
    singleAttempts += 1;
    try {
      await putBytes(bucket, key, part.bytes, { ...how, signal });
    } catch (error) {
      // An earlier attempt may have stored it although its answer was lost.
      const mayBeOurs = singleAttempts > 1 && hasCode(error, 'store.exists');
      if (!mayBeOurs || !(await holdsBytes(bucket, key, part.bytes, { signal }))) throw error;
    }
  }

  return {
    isBegun: () => beginning !== undefined,

    async send(part, signal) {
      if (part.number === 1 && part.last) return await sendOnly(part, signal);
      if (part.number > MAX_PARTS) throw tooLong(bucket, key, part.offset);
      const command = new UploadPartCommand({
        ...object,
        UploadId: await begun(signal),
        PartNumber: part.number,
        Body: part.bytes,
        ...(isLocking(bucket, how) ? { ContentMD5: md5(part.bytes) } : {}),
      });
      const answer = await ask(bucket, action, { signal }, (client, sending) => client.send(command, sending));
      etags[part.number - 1] = answer.ETag;
    },

    async complete(sizeBytes) {
      const id = await begun(how.signal);
      if (how.ifAbsent === true) await requireAbsent(bucket, key, how);
      const parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      const conditional = how.ifAbsent === true && bucket.conditional.works;
      const command = () =>
        new CompleteMultipartUploadCommand({
          ...{ ...object, UploadId: id, MultipartUpload: { Parts: parts } },
          ...(conditional ? { IfNoneMatch: '*' } : {}),
        });
      await retry((attempt) => completeOnce(attempt), { signal: how.signal, policy: bucket.policy });
      beginning = undefined;
      await checkStored(bucket, key, sizeBytes, how);
      await lockStored(bucket, key, how);

      async function completeOnce(attempt: number): Promise<void> {
        try {
          await ask(bucket, action, how, (client, sending) => client.send(command(), sending));
        } catch (error) {
          // Its answer was lost: the parts are an object by now.
          if (attempt > 1 && serviceCode(error) === 'NoSuchUpload') return;
          if (conditional && serviceStatus(error) === 412) throw alreadyExists(key, bucket.location, error);
          throw error;
        }
      }
    },

    /** The caller's signal may be what ended the upload, so this has a time limit of its own. What it can not remove is found later. */
    async abort() {
      const id = await beginning?.catch(() => undefined);
      if (id === undefined) return;
      const command = new AbortMultipartUploadCommand({ ...object, UploadId: id });
      const signal = AbortSignal.timeout(ABORT_TIMEOUT_MS);
      const policy = { attempts: 3, firstDelayMs: 200, longestDelayMs: 1000 };
      const remove = () => ask(bucket, action, { signal }, (client, sending) => client.send(command, sending));
      await retry(remove, { signal, policy }).catch(() => undefined);
    },
  };
}

async function checkStored(bucket: Bucket, key: string, sizeBytes: number, how: PutHow): Promise<void> {
  const stat = () => statObject(bucket, key, how);
  const found = await retry(stat, { signal: how.signal, policy: bucket.policy });
  if (found?.sizeBytes === sizeBytes) return;
  if (found !== undefined) await deleteObject(bucket, key, how);
  const size = found === undefined ? 'is not there' : `has ${found.sizeBytes} bytes`;
  throw new SuretyError('store.failed', `${key} ${size} in ${bucket.location} after ${sizeBytes} were sent in parts`, {
    details: { key, sizeBytes },
  });
}

/** Some services forget the lock that the upload began with. */
async function lockStored(bucket: Bucket, key: string, how: PutHow): Promise<void> {
  const { objectLock } = bucket.options;
  const { keepUntil } = how;
  if (objectLock === undefined || keepUntil === undefined) return;
  const lock = () => objectLocks(bucket, objectLock).extend(key, keepUntil, how);
  await retry(lock, { signal: how.signal, policy: bucket.policy });
}

function tooLong(bucket: Bucket, key: string, sizeBytes: number): SuretyError {
  return new SuretyError(
    'store.failed',
    `${key} is longer than ${formatBytes(sizeBytes)}, which is all that ${MAX_PARTS} parts hold in ${bucket.location}`,
    { hint: 'set a larger part_size', details: { key } },
  );
}

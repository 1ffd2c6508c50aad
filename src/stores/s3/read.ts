import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { incomplete, notFound, rangeLength } from '../body.ts';
import type { How, Range, Stored } from '../store.ts';
import { ask, askNow, type Bucket, objectOf } from './bucket.ts';
import { explained } from './explain.ts';
import { serviceCode, serviceStatus } from './failure.ts';
import { type Answer, receiveChunks, receiveWhole } from './receive.ts';

/** One range of an object, received into one array. */
export async function readObject(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Uint8Array<ArrayBuffer>> {
  return await bucket.gate.run(async () => {
    const answer = await openObject(bucket, key, range, how);
    if (answer === undefined) return new Uint8Array(0);
    return await receiveWhole(bucket, key, answer, how);
  }, how.signal);
}

/** The same in the pieces that arrive. Nothing is received while nobody takes them. */
export async function* streamObject(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
  how: How,
): AsyncGenerator<Uint8Array> {
  const answer = await openObject(bucket, key, range, how);
  if (answer !== undefined) yield* receiveChunks(bucket, key, answer, how);
}

/** Size and time, or undefined when there is none. */
export async function statObject(bucket: Bucket, key: string, how: How): Promise<Stored | undefined> {
  try {
    const command = new HeadObjectCommand(objectOf(bucket, key));
    const found = await ask(bucket, `look at ${key}`, how, (client, sending) => client.send(command, sending));
    if (found.ContentLength === undefined || found.LastModified === undefined) {
      throw new SuretyError('store.failed', `${bucket.location} says no size or no time of ${key}`);
    }
    return { key, sizeBytes: found.ContentLength, modifiedAt: found.LastModified };
  } catch (error) {
    if (!hasCode(error, 'store.not-found')) throw await explained(error, bucket, `look at ${key}`, how);
    await requireBucket(bucket, how);
    return undefined;
  }
}

const present = new WeakSet<Bucket>();

/** An answer without a body says the same of an object and of a bucket that is not there. Who may not ask for the bucket is let on. */
async function requireBucket(bucket: Bucket, how: How): Promise<void> {
  if (present.has(bucket)) return;
  const command = new HeadBucketCommand({ Bucket: bucket.name });
  try {
    await ask(bucket, 'look for the bucket', how, (client, sending) => client.send(command, sending));
  } catch (error) {
    if (hasCode(error, 'store.not-found')) throw missingBucket(bucket, error);
    if (!hasCode(error, 'store.denied')) throw error;
  }
  present.add(bucket);
}

export function missingBucket(bucket: Bucket, cause: unknown): SuretyError {
  return new SuretyError('store.not-found', `there is no bucket ${bucket.name} (${bucket.location})`, {
    hint: 'check the name, or make it with surety init',
    cause,
  });
}

/** Undefined when the range has no bytes. */
async function openObject(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Answer | undefined> {
  if (range?.length === 0) return await onlyEmpty(bucket, key, range, how);
  const isPart = range !== undefined && (range.offset > 0 || range.length !== undefined);
  try {
    const command = new GetObjectCommand({ ...objectOf(bucket, key), Range: isPart ? headerOf(range) : undefined });
    const found = await askNow(bucket, `read ${key}`, how, (client, sending) => client.send(command, sending));
    return isPart ? partOf(bucket, key, range, found) : wholeOf(bucket, key, found);
  } catch (error) {
    if (serviceStatus(error) === 416 && range !== undefined) return await onlyEmpty(bucket, key, range, how, error);
    if (hasCode(error, 'store.not-found') && serviceCode(error) !== 'NoSuchBucket') {
      throw notFound(key, bucket.location, error);
    }
    throw error;
  }
}

function headerOf({ offset, length }: Range): string {
  return `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`;
}

function wholeOf(
  bucket: Bucket,
  key: string,
  { Body: body, ContentLength: sizeBytes }: GetObjectCommandOutput,
): Answer {
  if (sizeBytes !== undefined && body instanceof Readable) return { body, sizeBytes };
  throw new SuretyError('store.failed', `${bucket.location} does not say how long ${key} is`);
}

function partOf(bucket: Bucket, key: string, range: Range, found: GetObjectCommandOutput): Answer {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(found.ContentRange ?? '');
  const answer = wholeOf(bucket, key, found);
  const [first, last, size] = (match?.slice(1) ?? []).map(Number);
  if (size === undefined || first !== range.offset || last !== first + answer.sizeBytes - 1) {
    discard(answer);
    throw new SuretyError(
      'store.failed',
      `${bucket.location} answered with another part of ${key} than was asked for`,
      {
        hint: 'the service, or a proxy before it, does not know ranges',
      },
    );
  }
  const wanted = range.length ?? size - range.offset;
  if (answer.sizeBytes === wanted) return answer;
  discard(answer);
  throw incomplete(key, range.offset + wanted, size);
}

/** Ends an answer that nobody reads; an error of it matters no more. */
function discard({ body }: Answer): void {
  body.on('error', () => undefined).destroy();
}

/** For a range of which the service has nothing to send: it is empty, or it passes the end. */
async function onlyEmpty(bucket: Bucket, key: string, range: Range, how: How, cause?: unknown): Promise<undefined> {
  const command = new HeadObjectCommand(objectOf(bucket, key));
  try {
    const found = await askNow(bucket, `read ${key}`, how, (client, sending) => client.send(command, sending));
    if (rangeLength(key, range, found.ContentLength ?? 0) === 0) return undefined;
  } catch (error) {
    if (!hasCode(error, 'store.not-found')) throw error;
    await requireBucket(bucket, how);
    throw notFound(key, bucket.location, error);
  }
  throw cause;
}

import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
} from '@aws-sdk/client-s3';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { type Answer, type Asked, isPart, partOf, rangeHeader, receiveChunks, receiveWhole } from '../answer.ts';
import { notFound, rangeLength } from '../body.ts';
import type { How, Range, Stored } from '../store.ts';
import { ask, askNow, type Bucket, objectOf } from './bucket.ts';
import { explained } from './explain.ts';
import { s3Failure, serviceCode, serviceStatus } from './failure.ts';

/** One range of an object, received into one array. */
export async function readObject(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Uint8Array<ArrayBuffer>> {
  return await bucket.gate.run(async () => {
    const answer = await openObject(bucket, key, range, how);
    return answer === undefined ? new Uint8Array(0) : await receiveWhole(answer, asked(bucket, key, how));
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
  if (answer !== undefined) yield* receiveChunks(answer, asked(bucket, key, how));
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

function missingBucket(bucket: Bucket, cause: unknown): SuretyError {
  return new SuretyError('store.not-found', `there is no bucket ${bucket.name} (${bucket.location})`, {
    hint: 'check the name, or make it with surety init',
    cause,
  });
}

function asked(bucket: Bucket, key: string, { signal, into }: How): Asked {
  const failure = (error: unknown) => s3Failure(error, `read ${key}`, bucket);
  return { key, location: bucket.location, signal, into, failure };
}

/** Undefined when the range has no bytes. */
async function openObject(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Answer | undefined> {
  if (range?.length === 0) return await onlyEmpty(bucket, key, range, how);
  try {
    const command = new GetObjectCommand({
      ...objectOf(bucket, key),
      Range: isPart(range) ? rangeHeader(range) : undefined,
    });
    const found = await askNow(bucket, `read ${key}`, how, (client, sending) => client.send(command, sending));
    const answer = wholeOf(bucket, key, found);
    return isPart(range) ? partOf(answer, found.ContentRange, range, asked(bucket, key, how)) : answer;
  } catch (error) {
    if (serviceStatus(error) === 416 && range !== undefined) return await onlyEmpty(bucket, key, range, how, error);
    if (hasCode(error, 'store.not-found') && serviceCode(error) !== 'NoSuchBucket') {
      throw notFound(key, bucket.location, error);
    }
    throw error;
  }
}

function wholeOf(
  bucket: Bucket,
  key: string,
  { Body: body, ContentLength: sizeBytes }: GetObjectCommandOutput,
): Answer {
  if (sizeBytes !== undefined && body instanceof Readable) return { body, sizeBytes };
  throw new SuretyError('store.failed', `${bucket.location} does not say how long ${key} is`);
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

import { hasCode, SuretyError } from '../../base/errors.ts';
import { type Answer, type Asked, isPart, partOf, rangeHeader, receiveChunks, receiveWhole } from '../answer.ts';
import { notFound, rangeLength } from '../body.ts';
import type { How, Range, Stored } from '../store.ts';
import { askJsonNow, askNow, type Bucket, type Answer as Found, objectPath } from './bucket.ts';
import { gcsFailure, isBucketMissing, serviceStatus } from './failure.ts';

/** What the service says of an object, as far as it is asked for. Numbers are text there. */
export interface ObjectFacts {
  readonly name?: string;
  readonly size?: string;
  readonly timeCreated?: string;
  readonly md5Hash?: string;
  readonly generation?: string;
}

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
  return await bucket.gate.run(() => statNow(bucket, key, how), how.signal);
}

async function statNow(bucket: Bucket, key: string, how: How): Promise<Stored | undefined> {
  try {
    const question = { path: objectPath(bucket, key), query: { fields: 'size,timeCreated' } };
    return storedOf(bucket, key, (await askJsonNow<ObjectFacts>(bucket, `look at ${key}`, how, question)).json);
  } catch (error) {
    if (hasCode(error, 'store.not-found') && !isBucketMissing(error)) return undefined;
    throw error;
  }
}

/** Size and time in the words of the port. The time is that of the content: locks and holds do not change it. */
export function storedOf(bucket: Bucket, key: string, { size, timeCreated }: ObjectFacts): Stored {
  const [sizeBytes, modifiedAt] = [Number(size ?? Number.NaN), new Date(timeCreated ?? '')];
  if (!Number.isSafeInteger(sizeBytes) || Number.isNaN(modifiedAt.getTime())) {
    throw new SuretyError('store.failed', `${bucket.location} says no size or no time of ${key}`);
  }
  return { key, sizeBytes, modifiedAt };
}

function asked(bucket: Bucket, key: string, { signal, into }: How): Asked {
  const failure = (error: unknown) => gcsFailure(error, `read ${key}`, bucket);
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
    const found = await askNow(bucket, `read ${key}`, how, {
      path: objectPath(bucket, key),
      query: { alt: 'media' },
      headers: isPart(range) ? { range: rangeHeader(range) } : {},
    });
    const answer = wholeOf(bucket, key, found);
    if (!isPart(range)) return answer;
    return partOf(answer, found.headers['content-range'], range, asked(bucket, key, how));
  } catch (error) {
    if (serviceStatus(error) === 416 && range !== undefined) return await onlyEmpty(bucket, key, range, how);
    if (hasCode(error, 'store.not-found') && !isBucketMissing(error)) throw notFound(key, bucket.location, error);
    throw error;
  }
}

function wholeOf(bucket: Bucket, key: string, { headers, body }: Found): Answer {
  const sizeBytes = Number(headers['content-length'] ?? Number.NaN);
  if (Number.isSafeInteger(sizeBytes)) return { body, sizeBytes };
  body.destroy();
  throw new SuretyError('store.failed', `${bucket.location} does not say how long ${key} is`);
}

/** For a range of which the service has nothing to send: it is empty, or it passes the end. */
async function onlyEmpty(bucket: Bucket, key: string, range: Range, how: How): Promise<undefined> {
  const found = await statNow(bucket, key, how);
  if (found === undefined) throw notFound(key, bucket.location);
  if (rangeLength(key, range, found.sizeBytes) === 0) return undefined;
  throw new SuretyError('store.failed', `${bucket.location} refuses a part of ${key} that it has`);
}

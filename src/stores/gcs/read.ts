import { hasCode, SuretyError } from '../../base/errors.ts';
import { incomplete, notFound, rangeLength } from '../body.ts';
import type { How, Range, Stored } from '../store.ts';
import { type Answer, askJsonNow, askNow, type Bucket, objectPath } from './bucket.ts';
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
    if (answer === undefined) return new Uint8Array(0);
    const bytes = new Uint8Array(answer.sizeBytes);
    let at = 0;
    for await (const chunk of chunksOf(bucket, key, answer, how)) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
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
  if (answer !== undefined) yield* chunksOf(bucket, key, answer, how);
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

interface OpenObject {
  readonly body: Answer['body'];
  readonly sizeBytes: number;
}

/** Undefined when the range has no bytes. */
async function openObject(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<OpenObject | undefined> {
  if (range?.length === 0) return await onlyEmpty(bucket, key, range, how);
  const isPart = range !== undefined && (range.offset > 0 || range.length !== undefined);
  try {
    const answer = await askNow(bucket, `read ${key}`, how, {
      path: objectPath(bucket, key),
      query: { alt: 'media' },
      headers: isPart ? { range: headerOf(range) } : {},
    });
    return isPart ? partOf(bucket, key, range, answer) : wholeOf(bucket, key, answer);
  } catch (error) {
    if (serviceStatus(error) === 416 && range !== undefined) return await onlyEmpty(bucket, key, range, how);
    if (hasCode(error, 'store.not-found') && !isBucketMissing(error)) throw notFound(key, bucket.location, error);
    throw error;
  }
}

function headerOf({ offset, length }: Range): string {
  return `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`;
}

function wholeOf(bucket: Bucket, key: string, { headers, body }: Answer): OpenObject {
  const sizeBytes = Number(headers['content-length'] ?? Number.NaN);
  if (Number.isSafeInteger(sizeBytes)) return { body, sizeBytes };
  body.destroy();
  throw new SuretyError('store.failed', `${bucket.location} does not say how long ${key} is`);
}

function partOf(bucket: Bucket, key: string, range: Range, found: Answer): OpenObject {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(found.headers['content-range'] ?? '');
  const answer = wholeOf(bucket, key, found);
  const [first, last, size] = (match?.slice(1) ?? []).map(Number);
  if (size === undefined || first !== range.offset || last !== first + answer.sizeBytes - 1) {
    answer.body.destroy();
    throw new SuretyError(
      'store.failed',
      `${bucket.location} answered with another part of ${key} than was asked for`,
      { hint: 'the service, or a proxy before it, does not know ranges' },
    );
  }
  const wanted = range.length ?? size - range.offset;
  if (answer.sizeBytes === wanted) return answer;
  answer.body.destroy();
  throw incomplete(key, range.offset + wanted, size);
}

/** For a range of which the service has nothing to send: it is empty, or it passes the end. */
async function onlyEmpty(bucket: Bucket, key: string, range: Range, how: How): Promise<undefined> {
  const found = await statNow(bucket, key, how);
  if (found === undefined) throw notFound(key, bucket.location);
  if (rangeLength(key, range, found.sizeBytes) === 0) return undefined;
  throw new SuretyError('store.failed', `${bucket.location} refuses a part of ${key} that it has`);
}

async function* chunksOf(
  bucket: Bucket,
  key: string,
  { body, sizeBytes }: OpenObject,
  how: How,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let received = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer<ArrayBuffer>>) {
      how.signal.throwIfAborted();
      received += chunk.length;
      if (received > sizeBytes) break;
      yield chunk;
    }
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw gcsFailure(error, `read ${key}`, bucket);
  }
  if (received === sizeBytes) return;
  throw new SuretyError('store.unavailable', `${key} broke off after ${received} of ${sizeBytes} bytes`, {
    retry: 'later',
    details: { key, sizeBytes, received },
  });
}

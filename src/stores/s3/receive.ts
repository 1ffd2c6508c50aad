import type { Readable } from 'node:stream';
import { SuretyError } from '../../base/errors.ts';
import type { How } from '../store.ts';
import type { Bucket } from './bucket.ts';
import { s3Failure } from './failure.ts';

/** The body of an answer, which nobody has read yet. */
export interface Answer {
  readonly body: Readable;
  readonly sizeBytes: number;
}

/** All of it in one array. An answer that breaks off is `store.unavailable`. */
export async function receiveWhole(
  bucket: Bucket,
  key: string,
  { body, sizeBytes }: Answer,
  how: How,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeBytes);
  try {
    requireAll(key, sizeBytes, await fill(body, bytes));
    return bytes;
  } catch (error) {
    if (how.signal.aborted) throw how.signal.reason;
    throw s3Failure(error, `read ${key}`, bucket);
  }
}

/** Resolves to how much came. By events: iteration takes time for each of many small chunks. */
function fill(body: Readable, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    body.on('data', (chunk: Uint8Array) => {
      if (received + chunk.length <= bytes.length) bytes.set(chunk, received);
      received += chunk.length;
    });
    const done = () => resolve(received);
    body.once('end', done).once('close', done).once('error', reject);
  });
}

/** The pieces as they arrive; nothing is received while nobody takes them. */
export async function* receiveChunks(
  bucket: Bucket,
  key: string,
  { body, sizeBytes }: Answer,
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
    throw s3Failure(error, `read ${key}`, bucket);
  }
  requireAll(key, sizeBytes, received);
}

function requireAll(key: string, sizeBytes: number, received: number): void {
  if (received === sizeBytes) return;
  throw new SuretyError('store.unavailable', `${key} broke off after ${received} of ${sizeBytes} bytes`, {
    retry: 'later',
    details: { key, sizeBytes, received },
  });
}

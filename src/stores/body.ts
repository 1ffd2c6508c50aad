import { SuretyError } from '../base/errors.ts';
import type { Body, How, Range } from './store.ts';

/** The chunks of a body, opened anew. */
export function openBody(body: Body, how: How): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return body instanceof Uint8Array ? [body] : body.open(how);
}

/** Size of a body when known. */
export function bodySize(body: Body): number | undefined {
  return body instanceof Uint8Array ? body.length : body.sizeBytes;
}

/** Fails with `store.failed` when a body turned out longer or shorter than it said. */
export function checkBodySize(key: string, body: Body, sizeBytes: number): void {
  const expected = bodySize(body);
  if (expected === undefined || expected === sizeBytes) return;
  throw new SuretyError(
    'store.failed',
    `body for ${key} has ${sizeBytes} bytes instead of the ${expected} it was to have`,
    {
      details: { key, sizeBytes, expectedBytes: expected },
    },
  );
}

/** Bytes that `range` has in a body of `sizeBytes`. Fails with `store.incomplete` when it passes the end. */
export function rangeLength(key: string, range: Range | undefined, sizeBytes: number): number {
  const offset = range?.offset ?? 0;
  const length = range?.length ?? sizeBytes - offset;
  if (length < 0 || offset + length > sizeBytes) throw incomplete(key, offset + Math.max(0, length), sizeBytes);
  return length;
}

/** The error for a body that ends before what was asked for. */
export function incomplete(key: string, expectedBytes: number, sizeBytes: number): SuretyError {
  return new SuretyError('store.incomplete', `${key} ends at byte ${sizeBytes}, before byte ${expectedBytes}`, {
    hint: 'the file is damaged or was cut off; run verify to see what is affected',
    details: { key, expectedBytes, sizeBytes },
  });
}

/** The error for a key that is not there. */
export function notFound(key: string, location: string, cause?: unknown): SuretyError {
  return new SuretyError('store.not-found', `there is no ${key} in ${location}`, { cause, details: { key } });
}

/** The error of a put with `ifAbsent` for a key that is taken. */
export function alreadyExists(key: string, location: string, cause?: unknown): SuretyError {
  return new SuretyError('store.exists', `${key} exists already in ${location}`, { cause, details: { key } });
}

/** `sizeBytes` bytes to read into: the beginning of `into` where that is long enough, else new ones. */
export function roomFor(sizeBytes: number, into: How['into']): Uint8Array<ArrayBuffer> {
  // Shared bytes pass for bytes of one's own: who gave them knows what comes back.
  return into !== undefined && into.length >= sizeBytes
    ? (into as Uint8Array<ArrayBuffer>).subarray(0, sizeBytes)
    : new Uint8Array(sizeBytes);
}

import { Readable } from 'node:stream';
import { hasCode, SuretyError } from '../../base/errors.ts';
import { type Answer, type Asked, isPart, partOf, receiveChunks, receiveWhole } from '../answer.ts';
import { notFound, rangeLength } from '../body.ts';
import type { How, Range, Stored } from '../store.ts';
import { ask, askNow, blobOf, type Container } from './container.ts';
import { azureFailure, serviceCode, serviceStatus } from './failure.ts';

/** One range of a blob, received into one array. */
export async function readBlob(
  container: Container,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Uint8Array<ArrayBuffer>> {
  return await container.gate.run(async () => {
    const answer = await openBlob(container, key, range, how);
    return answer === undefined ? new Uint8Array(0) : await receiveWhole(answer, asked(container, key, how));
  }, how.signal);
}

/** The same in the pieces that arrive. Nothing is received while nobody takes them. */
export async function* streamBlob(
  container: Container,
  key: string,
  range: Range | undefined,
  how: How,
): AsyncGenerator<Uint8Array> {
  const answer = await openBlob(container, key, range, how);
  if (answer !== undefined) yield* receiveChunks(answer, asked(container, key, how));
}

/** Size and time, or undefined when there is none. */
export async function statBlob(container: Container, key: string, how: How): Promise<Stored | undefined> {
  return await ask(container, `look at ${key}`, how, () => statNow(container, key, how));
}

async function statNow(container: Container, key: string, how: How): Promise<Stored | undefined> {
  try {
    const found = await askNow(container, `look at ${key}`, how, (sending) =>
      blobOf(container, key).getProperties(sending),
    );
    if (found.metadata?.hdi_isfolder === 'true') return undefined;
    if (found.contentLength === undefined || found.lastModified === undefined) {
      throw new SuretyError('store.failed', `${container.location} says no size or no time of ${key}`);
    }
    return { key, sizeBytes: found.contentLength, modifiedAt: found.lastModified };
  } catch (error) {
    if (hasCode(error, 'store.not-found') && serviceCode(error) !== 'ContainerNotFound') return undefined;
    throw error;
  }
}

function asked(container: Container, key: string, { signal, into }: How): Asked {
  const failure = (error: unknown) => azureFailure(error, `read ${key}`, container);
  return { key, location: container.location, signal, into, failure };
}

/** Undefined when the range has no bytes. */
async function openBlob(
  container: Container,
  key: string,
  range: Range | undefined,
  how: How,
): Promise<Answer | undefined> {
  if (range?.length === 0) return await onlyEmpty(container, key, range, how);
  try {
    const found = await askNow(container, `read ${key}`, how, (sending) =>
      blobOf(container, key).download(range?.offset ?? 0, range?.length, { ...sending, maxRetryRequests: 0 }),
    );
    const { contentLength: sizeBytes, readableStreamBody: body } = found;
    if (sizeBytes === undefined || !(body instanceof Readable)) {
      throw new SuretyError('store.failed', `${container.location} does not say how long ${key} is`);
    }
    // An error of it comes when it is read; nobody may be reading yet.
    body.on('error', () => undefined);
    const answer = { body, sizeBytes };
    return isPart(range) ? partOf(answer, found.contentRange, range, asked(container, key, how)) : answer;
  } catch (error) {
    if (serviceStatus(error) === 416 && range !== undefined) return await onlyEmpty(container, key, range, how);
    if (hasCode(error, 'store.not-found') && serviceCode(error) !== 'ContainerNotFound') {
      throw notFound(key, container.location, error);
    }
    throw error;
  }
}

/** For a range of which the service has nothing to send: it is empty, or it passes the end. */
async function onlyEmpty(container: Container, key: string, range: Range, how: How): Promise<undefined> {
  const found = await statNow(container, key, how);
  if (found === undefined) throw notFound(key, container.location);
  if (rangeLength(key, range, found.sizeBytes) === 0) return undefined;
  throw new SuretyError('store.failed', `${container.location} refuses a part of ${key} that it has`);
}

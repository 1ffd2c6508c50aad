import type { ContainerListBlobFlatSegmentResponse } from '@azure/storage-blob';
import { SuretyError } from '../../base/errors.ts';
import { isKey, isUnder } from '../key.ts';
import type { How, Stored } from '../store.ts';
import { ask, type Container } from './container.ts';

const PAGE = 5000;

/** All keys under a prefix, five thousand to a request; the next page is on its way while one is looked at. */
export async function* listBlobs(container: Container, prefix: string, how: How): AsyncGenerator<Stored> {
  let page: Promise<ContainerListBlobFlatSegmentResponse> | undefined = askPage(container, prefix, undefined, how);
  let last: string | undefined;
  while (page !== undefined) {
    const found: ContainerListBlobFlatSegmentResponse = await page;
    const token = nextToken(container, found, last);
    last = token;
    page = token === undefined ? undefined : askPage(container, prefix, token, how);
    // Who stops early does not wait for it.
    page?.catch(() => undefined);
    for (const stored of storedOf(container, found)) {
      if (!isUnder(stored.key, prefix)) continue;
      how.signal.throwIfAborted();
      yield stored;
    }
  }
}

async function askPage(
  container: Container,
  prefix: string,
  continuationToken: string | undefined,
  how: How,
): Promise<ContainerListBlobFlatSegmentResponse> {
  const what = prefix === '' ? 'list all blobs' : `list ${prefix}`;
  return await ask(container, what, how, async (sending) => {
    const pages = container.client
      // Folders of accounts with a hierarchical namespace are told from blobs by their metadata.
      .listBlobsFlat({ ...sending, prefix: container.prefix + prefix, includeMetadata: true })
      .byPage({ maxPageSize: PAGE, ...(continuationToken === undefined ? {} : { continuationToken }) });
    const { value, done } = await pages.next();
    if (done !== true && value !== undefined) return value;
    throw new SuretyError('store.failed', `${container.location} answered a list with nothing`);
  });
}

/** A page that leads to itself would never end. */
function nextToken(
  container: Container,
  page: ContainerListBlobFlatSegmentResponse,
  last: string | undefined,
): string | undefined {
  const token = page.continuationToken;
  if (token === undefined || token === '') return undefined;
  if (token !== last) return token;
  throw new SuretyError('store.failed', `the list of ${container.location} does not go on: each page is the same`, {
    hint: 'the service does not list as Azure does',
  });
}

/** What is not a key of ours is left out: folders, and what others put there. */
function* storedOf(container: Container, page: ContainerListBlobFlatSegmentResponse): Generator<Stored> {
  for (const { name, properties, metadata } of page.segment.blobItems) {
    if (!name.startsWith(container.prefix) || metadata?.hdi_isfolder === 'true') continue;
    const key = name.slice(container.prefix.length);
    if (!isKey(key)) continue;
    const { contentLength: sizeBytes, lastModified: modifiedAt } = properties;
    if (sizeBytes === undefined) {
      throw new SuretyError('store.failed', `the list of ${container.location} says no size of ${key}`);
    }
    yield { key, sizeBytes, modifiedAt };
  }
}

import { SuretyError } from '../../base/errors.ts';
import { isKey, isUnder } from '../key.ts';
import type { How, Stored } from '../store.ts';
import { ask, type Bucket, bucketPath } from './bucket.ts';
import { type ObjectFacts, storedOf } from './read.ts';

interface Page {
  /** `storage#objects`. An empty list has nothing else. */
  readonly kind?: string;
  readonly items?: readonly ObjectFacts[];
  readonly nextPageToken?: string;
}

const PAGE = '1000';

/** All keys under a prefix, a thousand to a request; the next page is on its way while one is looked at. */
export async function* listObjects(bucket: Bucket, prefix: string, how: How): AsyncGenerator<Stored> {
  let page: Promise<Page> | undefined = askPage(bucket, prefix, undefined, how);
  let last: string | undefined;
  while (page !== undefined) {
    const found: Page = await page;
    const token = found.nextPageToken;
    if (token !== undefined && token === last) throw endless(bucket);
    last = token;
    page = token === undefined || token === '' ? undefined : askPage(bucket, prefix, token, how);
    // Who stops early does not wait for it.
    page?.catch(() => undefined);
    for (const { name = '', ...facts } of found.items ?? []) {
      // What is not a key of ours is left out: folder marks, and what others put there.
      if (!name.startsWith(bucket.prefix)) continue;
      const key = name.slice(bucket.prefix.length);
      if (!isKey(key) || !isUnder(key, prefix)) continue;
      how.signal.throwIfAborted();
      yield storedOf(bucket, key, facts);
    }
  }
}

async function askPage(bucket: Bucket, prefix: string, pageToken: string | undefined, how: How): Promise<Page> {
  const what = prefix === '' ? 'list all objects' : `list ${prefix}`;
  const fields = 'kind,items(name,size,timeCreated),nextPageToken';
  const query = { prefix: bucket.prefix + prefix, maxResults: PAGE, pageToken, fields };
  const path = `${bucketPath(bucket)}/o`;
  const { json } = await ask<Page | undefined>(bucket, what, how, { path, query });
  // What a proxy answers in place of the service would be a list of nothing.
  if (json?.kind === 'storage#objects') return json;
  throw new SuretyError('store.failed', `${bucket.location} answered something else than a list`, {
    hint: 'check the endpoint: the answer is not one of Google Cloud Storage',
  });
}

function endless(bucket: Bucket): SuretyError {
  return new SuretyError('store.failed', `the list of ${bucket.location} does not go on: each page is the same`, {
    hint: 'the service does not list as Google Cloud Storage does',
  });
}

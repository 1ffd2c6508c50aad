import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { SuretyError } from '../../base/errors.ts';
import { isKey, isUnder } from '../key.ts';
import type { How, Stored } from '../store.ts';
import { ask, type Bucket } from './bucket.ts';

/** All keys under a prefix, a thousand to a request; the next page is on its way while one is looked at. */
export async function* listObjects(bucket: Bucket, prefix: string, how: How): AsyncGenerator<Stored> {
  let page: Promise<ListObjectsV2CommandOutput> | undefined = askPage(bucket, prefix, undefined, how);
  while (page !== undefined) {
    const found: ListObjectsV2CommandOutput = await page;
    const token = nextToken(bucket, found);
    page = token === undefined ? undefined : askPage(bucket, prefix, token, how);
    // Who stops early does not wait for it.
    page?.catch(() => undefined);
    for (const stored of storedOf(bucket, found)) {
      if (!isUnder(stored.key, prefix)) continue;
      how.signal.throwIfAborted();
      yield stored;
    }
  }
}

function askPage(
  bucket: Bucket,
  prefix: string,
  token: string | undefined,
  how: How,
): Promise<ListObjectsV2CommandOutput> {
  const what = prefix === '' ? 'list all objects' : `list ${prefix}`;
  const command = new ListObjectsV2Command({
    Bucket: bucket.name,
    Prefix: bucket.prefix + prefix,
    ContinuationToken: token,
    // Names that somebody else gave may have characters that XML can not.
    EncodingType: 'url',
  });
  return ask(bucket, what, how, (client, sending) => client.send(command, sending));
}

/**
 * A page that says that there are more but not where would end the list early, and so would one that does not say whether there are more:
 * what a proxy answers in place of the service looks like a list of nothing.
 */
function nextToken(bucket: Bucket, page: ListObjectsV2CommandOutput): string | undefined {
  if (page.IsTruncated === undefined) {
    throw new SuretyError('store.failed', `${bucket.location} answered something else than a list`, {
      hint: 'check the endpoint, and what is between here and there: the answer is not one of S3',
    });
  }
  if (!page.IsTruncated) return undefined;
  const token = page.NextContinuationToken;
  if (token !== undefined && token !== '' && token !== page.ContinuationToken) return token;
  throw new SuretyError('store.failed', `the list of ${bucket.location} breaks off: the service says no next page`, {
    hint: 'the service does not list as S3 does',
  });
}

/** What is not a key of ours is left out: folder marks, and what others put there. */
function* storedOf(bucket: Bucket, page: ListObjectsV2CommandOutput): Generator<Stored> {
  for (const { Key: name, Size: sizeBytes, LastModified: modifiedAt } of page.Contents ?? []) {
    const plain = page.EncodingType === 'url' ? decoded(name ?? '') : (name ?? '');
    if (!plain.startsWith(bucket.prefix)) continue;
    const key = plain.slice(bucket.prefix.length);
    if (!isKey(key)) continue;
    if (sizeBytes === undefined || modifiedAt === undefined) {
      throw new SuretyError('store.failed', `the list of ${bucket.location} says no size or no time of ${key}`);
    }
    yield { key, sizeBytes, modifiedAt: inSeconds(modifiedAt) };
  }
}

/** A single object is answered with whole seconds, so they are in lists too. */
function inSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}

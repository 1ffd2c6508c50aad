import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3';
import { systemClock } from '../../base/clock.ts';
import { SuretyError } from '../../base/errors.ts';
import { isKey } from '../key.ts';
import type { How } from '../store.ts';
import { ask, type Bucket } from './bucket.ts';

/** An upload that began so long ago is left over: half a terabyte over 10 Mbit/s takes five days. */
export const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;

/** An upload in parts that was neither completed nor removed. Its parts take room and are in no list of objects. */
export interface Unfinished {
  readonly key: string;
  readonly id: string;
  readonly begunAt: Date;
}

/** All of them below the store's prefix. */
export async function* listUnfinished(bucket: Bucket, how: How): AsyncGenerator<Unfinished> {
  let [keyMarker, idMarker]: [string | undefined, string | undefined] = [undefined, undefined];
  do {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      ...{ Bucket: bucket.name, Prefix: bucket.prefix },
      ...{ KeyMarker: keyMarker, UploadIdMarker: idMarker },
    });
    const page: ListMultipartUploadsCommandOutput = await ask(bucket, 'list uploads', how, (client, sending) =>
      client.send(command, sending),
    );
    for (const { Key: name = '', UploadId: id, Initiated: begunAt } of page.Uploads ?? []) {
      const key = name.slice(bucket.prefix.length);
      if (name.startsWith(bucket.prefix) && isKey(key) && id !== undefined && begunAt !== undefined) {
        yield { key, id, begunAt };
      }
    }
    const isLast: boolean = page.IsTruncated !== true || page.NextKeyMarker === keyMarker;
    [keyMarker, idMarker] = isLast ? [undefined, undefined] : [page.NextKeyMarker, page.NextUploadIdMarker];
  } while (keyMarker !== undefined && keyMarker !== '');
}

/** Removes what killed processes left. Returns how many there were. */
export async function removeAbandoned(bucket: Bucket, how: How, afterMs = ABANDONED_AFTER_MS): Promise<number> {
  const before = systemClock.now().getTime() - afterMs;
  let count = 0;
  for await (const { key, id, begunAt } of listUnfinished(bucket, how)) {
    if (begunAt.getTime() > before) continue;
    const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, Key: bucket.prefix + key, UploadId: id });
    await ask(bucket, `remove an old upload of ${key}`, how, (client, sending) => client.send(command, sending));
    count += 1;
  }
  return count;
}

const looked = new WeakSet<Bucket>();

/** The same, the first time that an opened store is asked; who may not list or remove them goes on all the same. */
export async function removeAbandonedOnce(bucket: Bucket, how: How): Promise<void> {
  if (looked.has(bucket)) return;
  looked.add(bucket);
  try {
    await removeAbandoned(bucket, how);
  } catch (error) {
    if (!(error instanceof SuretyError)) throw error;
  }
}

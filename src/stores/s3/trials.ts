/** What a bucket does when it is tried, whatever it says of itself. */
import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { eachConcurrently } from '../../base/limit.ts';
import type { How, StoreTrials } from '../store.ts';
import { ask, type Bucket, objectOf } from './bucket.ts';
import { deleteObject } from './delete.ts';
import { serviceStatus } from './failure.ts';
import { md5 } from './put-bytes.ts';

export function bucketTrials(bucket: Bucket): StoreTrials {
  return {
    async refusesDamaged(key, how) {
      const sent = Buffer.from('these bytes');
      const command = new PutObjectCommand({
        ...objectOf(bucket, key),
        Body: sent,
        ContentMD5: md5(Buffer.from('other bytes')),
      });
      if (!(await isDone(ask(bucket, `write ${key}`, how, (client, sending) => client.send(command, sending)))))
        return true;
      await deleteObject(bucket, key, how);
      return false;
    },

    async keepsLocked(key, how) {
      let refused = true;
      for await (const { name, version } of versionsBelow(bucket, key, how)) {
        if (name === bucket.prefix + key && (await isDone(remove(bucket, { name, version }, how)))) refused = false;
      }
      return refused;
    },

    async destroy(prefix, how) {
      let kept = 0;
      // Who may do so lifts the locks of his own trial.
      const bypass = bucket.options.objectLock === 'governance';
      await eachConcurrently(
        versionsBelow(bucket, prefix, how),
        bucket.connections,
        how.signal,
        async (one, signal) => {
          if (!(await isDone(remove(bucket, one, { signal }, bypass)))) kept += 1;
        },
      );
      return kept;
    },
  };
}

interface Version {
  readonly name: string;
  readonly version: string | undefined;
}

/** All versions of what is below the prefix, and the marks of what was deleted. */
async function* versionsBelow(bucket: Bucket, prefix: string, how: How): AsyncGenerator<Version> {
  let [KeyMarker, VersionIdMarker]: [string | undefined, string | undefined] = [undefined, undefined];
  do {
    const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
      ...{ Bucket: bucket.name, Prefix: bucket.prefix + prefix, KeyMarker, VersionIdMarker },
    });
    const page: ListObjectVersionsCommandOutput = await ask(bucket, 'list versions', how, (client, sending) =>
      client.send(command, sending),
    );
    for (const { Key: name, VersionId: version } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) {
      if (name !== undefined) yield { name, version };
    }
    [KeyMarker, VersionIdMarker] =
      page.IsTruncated === true ? [page.NextKeyMarker, page.NextVersionIdMarker] : [undefined, undefined];
  } while (KeyMarker !== undefined);
}

async function remove(bucket: Bucket, { name, version }: Version, how: How, bypass = false): Promise<void> {
  const command = new DeleteObjectCommand({
    ...{ Bucket: bucket.name, Key: name, VersionId: version },
    ...(bypass ? { BypassGovernanceRetention: true } : {}),
  });
  await ask(bucket, `delete a version of ${name.slice(bucket.prefix.length)}`, how, (client, sending) =>
    client.send(command, sending),
  );
}

/** False when the service refused. What may pass throws. */
async function isDone(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    const status = serviceStatus(error);
    if (status < 400 || status >= 500 || status === 429) throw error;
    return false;
  }
}

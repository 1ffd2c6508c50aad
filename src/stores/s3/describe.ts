import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3';
import { SuretyError } from '../../base/errors.ts';
import type { How, StoreFacts } from '../store.ts';
import { ask, askNow, type Bucket, type Sending } from './bucket.ts';
import { endpointOf } from './client.ts';
import { explained } from './explain.ts';
import { lockFacts } from './lock-facts.ts';
import { listUnfinished } from './unfinished.ts';

/** What the bucket says about itself. What may not be asked or is not known there is undefined. */
export async function describeBucket(bucket: Bucket, how: How): Promise<StoreFacts> {
  const headers = await bucketHeaders(bucket, how);
  const name = { Bucket: bucket.name };
  const [versions, lock, lifecycle, policy, unfinished] = await Promise.all([
    said(bucket, how, (sending) => bucket.client.send(new GetBucketVersioningCommand(name), sending)),
    lockFacts(bucket, how),
    said(bucket, how, (sending) => bucket.client.send(new GetBucketLifecycleConfigurationCommand(name), sending)),
    said(bucket, how, (sending) => bucket.client.send(new GetBucketPolicyStatusCommand(name), sending)),
    countUnfinished(bucket, how),
  ]);
  const details: Record<string, string | undefined> = {
    endpoint: endpointOf(bucket.options),
    region: headers['x-amz-bucket-region'] ?? (await bucket.client.config.region()),
    server: headers.server,
    lifecycle: lifecycleText(lifecycle?.Rules),
    public: policy?.PolicyStatus?.IsPublic === true ? 'yes, by the policy of the bucket' : undefined,
    'unfinished uploads': unfinished,
  };
  return {
    versioning: versions === undefined ? undefined : versioningOf(versions.Status),
    oldVersionsForDays: oldVersionsForDays(lifecycle?.Rules, bucket.options.prefix),
    ...lock,
    details: Object.fromEntries(
      Object.entries(details).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  };
}

/** The service's clock, to the second. A refusal has it too. */
export async function serverTime(bucket: Bucket, how: How): Promise<Date> {
  const time = new Date((await bucketHeaders(bucket, how, true)).date ?? '');
  if (!Number.isNaN(time.getTime())) return time;
  throw new SuretyError('store.failed', `${bucket.location} does not say what time it is`);
}

type Headers = Readonly<Record<string, string>>;

/** The headers of an answer about the bucket; with `refused`, of any answer. */
async function bucketHeaders(bucket: Bucket, how: How, refused = false): Promise<Headers> {
  let headers: Headers = {};
  const command = new HeadBucketCommand({ Bucket: bucket.name });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      headers = (result.response as { readonly headers?: Headers }).headers ?? {};
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  const action = 'ask for the bucket';
  try {
    await ask(bucket, action, how, (client, sending) => client.send(command, sending));
  } catch (error) {
    if (!refused || headers.date === undefined || how.signal.aborted) throw await explained(error, bucket, action, how);
  }
  return headers;
}

/** An answer, or undefined when it was refused. What may pass throws. */
async function said<T>(bucket: Bucket, how: How, send: (sending: Sending) => Promise<T>): Promise<T | undefined> {
  try {
    return await askNow(bucket, 'ask about the bucket', how, (_client, sending) => send(sending));
  } catch (error) {
    if (!(error instanceof SuretyError) || error.retry === 'later') throw error;
    return undefined;
  }
}

function versioningOf(status: string | undefined): 'on' | 'off' | 'suspended' {
  if (status === 'Enabled') return 'on';
  return status === 'Suspended' ? 'suspended' : 'off';
}

/** By the rules that hold for all objects of the store. */
function oldVersionsForDays(rules: readonly LifecycleRule[] | undefined, prefix: string): number | undefined {
  const days = (rules ?? []).flatMap((rule) => {
    const { Filter: filter, NoncurrentVersionExpiration: old } = rule;
    const isWhole = filter?.Tag === undefined && filter?.And === undefined && !old?.NewerNoncurrentVersions;
    const isHere = `${prefix}/`.startsWith(filter?.Prefix ?? rule.Prefix ?? '');
    return rule.Status === 'Enabled' && isWhole && isHere ? (old?.NoncurrentDays ?? []) : [];
  });
  return days.length === 0 ? undefined : Math.min(...days);
}

function lifecycleText(rules: readonly LifecycleRule[] | undefined): string | undefined {
  const active = (rules ?? []).filter(({ Status: status }) => status === 'Enabled');
  return active.length === 0 ? undefined : active.map(ruleText).join('; ');
}

function ruleText(rule: LifecycleRule): string {
  const parts = [
    rule.Expiration?.Days === undefined ? '' : `deletes after ${rule.Expiration.Days} days`,
    rule.NoncurrentVersionExpiration?.NoncurrentDays === undefined
      ? ''
      : `deletes old versions after ${rule.NoncurrentVersionExpiration.NoncurrentDays} days`,
    rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation === undefined
      ? ''
      : `removes unfinished uploads after ${rule.AbortIncompleteMultipartUpload.DaysAfterInitiation} days`,
    ...(rule.Transitions ?? []).map(({ Days: days, StorageClass: to }) => `moves to ${to} after ${days} days`),
  ].filter((part) => part !== '');
  const where = rule.Filter?.Prefix ?? rule.Prefix ?? '';
  return `${parts.join(', ') || (rule.ID ?? 'a rule')}${where === '' ? '' : ` (below ${where})`}`;
}

async function countUnfinished(bucket: Bucket, how: How): Promise<string | undefined> {
  let [count, oldest] = [0, Number.POSITIVE_INFINITY];
  try {
    for await (const { begunAt } of listUnfinished(bucket, how)) {
      count += 1;
      oldest = Math.min(oldest, begunAt.getTime());
    }
  } catch (error) {
    if (!(error instanceof SuretyError) || error.retry === 'later') throw error;
    return undefined;
  }
  return count === 0 ? undefined : `${count}, the oldest of ${new Date(oldest).toISOString().slice(0, 10)}`;
}

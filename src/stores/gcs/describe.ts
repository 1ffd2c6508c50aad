import { hasCode, SuretyError } from '../../base/errors.ts';
import type { How, StoreFacts } from '../store.ts';
import { ask, askNow, type Bucket, bucketPath } from './bucket.ts';

/** A bucket in the service's words, as far as it is asked for. */
interface BucketFacts {
  readonly location?: string;
  readonly locationType?: string;
  readonly storageClass?: string;
  readonly versioning?: { readonly enabled?: boolean };
  readonly softDeletePolicy?: { readonly retentionDurationSeconds?: string };
  readonly retentionPolicy?: { readonly retentionPeriod?: string; readonly isLocked?: boolean };
  readonly defaultEventBasedHold?: boolean;
  readonly objectRetention?: { readonly mode?: string };
  readonly lifecycle?: { readonly rule?: readonly { readonly action?: { readonly type?: string } }[] };
  readonly iamConfiguration?: { readonly publicAccessPrevention?: string };
}

const FIELDS =
  'location,locationType,storageClass,versioning,softDeletePolicy,retentionPolicy,defaultEventBasedHold,' +
  'objectRetention,lifecycle,iamConfiguration';
const DAY_SECONDS = 86_400;

/** What the bucket says about itself; nearly nothing where the account may not ask (`storage.buckets.get`). */
export async function describeBucket(bucket: Bucket, how: How): Promise<StoreFacts> {
  const found = await askAbout(bucket, how);
  if (found === undefined) return { details: { endpoint: bucket.endpoint } };
  const softSeconds = found.softDeletePolicy?.retentionDurationSeconds;
  const rules = (found.lifecycle?.rule ?? []).map(({ action }) => action?.type ?? 'a rule');
  const details: Record<string, string | undefined> = {
    endpoint: bucket.endpoint,
    location: [found.location, found.locationType].filter((part) => part !== undefined).join(', ') || undefined,
    'storage class': found.storageClass,
    lifecycle: rules.length === 0 ? undefined : rules.join(', '),
    'public access': found.iamConfiguration?.publicAccessPrevention,
    'event-based hold': found.defaultEventBasedHold === true ? 'on each new object' : undefined,
  };
  return {
    versioning: found.versioning?.enabled === true ? 'on' : 'off',
    softDeleteDays: softSeconds === undefined ? 0 : Number(softSeconds) / DAY_SECONDS,
    objectLock: found.objectRetention?.mode === 'Enabled' ? 'on' : 'off',
    defaultRetention: retentionText(found.retentionPolicy),
    details: Object.fromEntries(
      Object.entries(details).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  };
}

async function askAbout(bucket: Bucket, how: How): Promise<BucketFacts | undefined> {
  const question = { path: bucketPath(bucket), query: { fields: FIELDS } };
  try {
    return (await ask<BucketFacts>(bucket, 'ask for the bucket', how, question)).json;
  } catch (error) {
    if (hasCode(error, 'store.denied')) return undefined;
    throw error;
  }
}

function retentionText(policy: BucketFacts['retentionPolicy']): string | undefined {
  if (policy?.retentionPeriod === undefined) return undefined;
  const days = Number(policy.retentionPeriod) / DAY_SECONDS;
  return `${Math.round(days * 100) / 100} days${policy.isLocked === true ? ', locked' : ''}`;
}

/** The service's clock, to the second. A refusal has it too. */
export async function serverTime(bucket: Bucket, how: How): Promise<Date> {
  const time = await bucket.gate.run(async () => {
    const question = { path: bucketPath(bucket), query: { fields: 'name' }, expected: [401, 403, 404] };
    const { headers, body } = await askNow(bucket, 'ask for the time', how, question);
    body.resume();
    return new Date(headers.date ?? '');
  }, how.signal);
  if (!Number.isNaN(time.getTime())) return time;
  throw new SuretyError('store.failed', `${bucket.location} does not say what time it is`);
}

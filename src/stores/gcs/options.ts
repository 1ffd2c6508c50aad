import { resolve } from 'node:path';
import { z } from 'zod';
import { formatBytes } from '../../base/bytes.ts';
import { durationValue, type SecretSpec, secretValue, sizeValue } from '../../base/option-values.ts';
import {
  checkedPrefix,
  invalidPlace,
  prefixValue,
  secretIn,
  webUrlValue,
  withoutCredentials,
} from '../place-options.ts';

/** Where a Google Cloud store is and how it is reached. */
export interface GcsStoreOptions {
  readonly bucket: string;
  /** Without `/` at its ends; '' is the whole bucket. */
  readonly prefix: string;
  /** Whose the bucket will be when it is made. Default: that of the credentials. */
  readonly projectId?: string | undefined;
  /** Where the bucket will be when it is made, such as `europe-west4`. */
  readonly location?: string | undefined;
  /** Absolute path of a credentials file in JSON. */
  readonly keyFile?: string | undefined;
  /** The same as a secret: the JSON itself. */
  readonly credentials?: SecretSpec | undefined;
  /** Where it is not `https://storage.googleapis.com`. */
  readonly endpoint?: string | undefined;
  /** Of new objects; default: that of the bucket. */
  readonly storageClass?: string | undefined;
  /** Bodies can be locked against deletion, in this mode of object retention. */
  readonly objectLock?: 'unlocked' | 'locked' | undefined;
  /** Absolute path of certificates that are trusted besides the usual ones. */
  readonly caFile?: string | undefined;
  readonly proxy?: string | undefined;
  readonly connections?: number | undefined;
  readonly partSizeBytes?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
}

const MIB = 2 ** 20;
/** The service takes the parts of an upload in multiples of this. */
const PART_UNIT_BYTES = 256 * 1024;
const MAX_PART_BYTES = 1024 * MIB;

const bucketName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, 'must be the name of a bucket: 3 to 222 of a-z 0-9 . _ -')
  .describe('the bucket');

/** What may stand below `gcs:` in the object form. */
export const gcsSchema = z
  .strictObject({
    bucket: bucketName,
    prefix: prefixValue,
    project_id: z.string().min(1).describe('whose the bucket is when surety init makes it').optional(),
    location: z.string().min(1).describe('where surety init makes the bucket, such as europe-west4').optional(),
    key_file: z.string().min(1).describe('credentials in JSON; default: GOOGLE_APPLICATION_CREDENTIALS').optional(),
    credentials: secretValue.describe('the same as a secret: the JSON itself').optional(),
    endpoint: webUrlValue('https://storage.googleapis.com').describe('of another service').optional(),
    storage_class: z
      .string()
      .regex(/^[A-Z_]+$/, 'must be a storage class such as NEARLINE')
      .describe('such as NEARLINE; default: that of the bucket')
      .optional(),
    object_lock: z
      .enum(['unlocked', 'locked'])
      .describe('lock bodies against deletion, in this mode of object retention')
      .optional(),
    ca_file: z.string().min(1).describe('certificates to trust besides the usual ones').optional(),
    proxy: webUrlValue('http://proxy.example.org:3128')
      .describe('default: HTTPS_PROXY, HTTP_PROXY, NO_PROXY')
      .optional(),
    connections: z.int().min(1).max(256).describe('requests at once; default 16').optional(),
    part_size: sizeValue
      .refine((sizeBytes) => sizeBytes >= PART_UNIT_BYTES && sizeBytes <= MAX_PART_BYTES, {
        error: `must be from ${formatBytes(PART_UNIT_BYTES)} to ${formatBytes(MAX_PART_BYTES)}`,
      })
      .transform((sizeBytes) => Math.ceil(sizeBytes / PART_UNIT_BYTES) * PART_UNIT_BYTES)
      .describe('what is larger is sent in parts of this size')
      .optional(),
    connect_timeout: durationValue.describe('default 15s').optional(),
    idle_timeout: durationValue.describe('a connection on which nothing moves is given up; default 1m').optional(),
  })
  .superRefine((raw, context) => {
    if (raw.key_file !== undefined && raw.credentials !== undefined) {
      context.addIssue('key_file and credentials exclude each other');
    }
  })
  .transform(
    (raw): GcsStoreOptions => ({
      bucket: raw.bucket,
      prefix: raw.prefix,
      projectId: raw.project_id,
      location: raw.location,
      keyFile: raw.key_file,
      credentials: raw.credentials,
      endpoint: raw.endpoint,
      storageClass: raw.storage_class,
      objectLock: raw.object_lock,
      caFile: raw.ca_file,
      proxy: raw.proxy,
      connections: raw.connections,
      partSizeBytes: raw.part_size,
      connectTimeoutMs: raw.connect_timeout,
      idleTimeoutMs: raw.idle_timeout,
    }),
  );

/** The bucket and prefix of `gs://bucket/prefix`. Fails with `store.invalid-url`. */
export function gcsOptionsFromUrl(url: string): GcsStoreOptions {
  const match = /^gs:\/\/([^/?#]*)(?:\/([^?#]*))?$/i.exec(url);
  const shown = withoutCredentials(url);
  if (match === null) {
    const hint = 'what has options is written { gcs: { bucket, prefix, key_file: … } }';
    throw invalidPlace(shown, 'it is not of the form gs://bucket/prefix', hint);
  }
  const [, bucket = '', prefix = ''] = match;
  if (bucket.includes('@')) {
    const hint = 'leave them out: they come from GOOGLE_APPLICATION_CREDENTIALS or key_file';
    throw invalidPlace(shown, 'credentials do not belong into a URL', hint);
  }
  if (!bucketName.safeParse(bucket).success) {
    throw invalidPlace(shown, `"${bucket}" is not the name of a bucket`, 'write gs://bucket/prefix');
  }
  return { bucket, prefix: checkedPrefix(prefix) };
}

/** The options with relative paths made absolute. */
export function gcsOptionsIn(options: GcsStoreOptions, directory: string): GcsStoreOptions {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(directory, path));
  return {
    ...options,
    keyFile: absolute(options.keyFile),
    caFile: absolute(options.caFile),
    credentials: secretIn(options.credentials, directory),
  };
}

/** For people: `gs://bucket/prefix`, with the host of a service other than Google's. */
export function shownGcs({ bucket, prefix, endpoint }: GcsStoreOptions): string {
  const place = prefix === '' ? `gs://${bucket}` : `gs://${bucket}/${prefix}`;
  return endpoint === undefined ? place : `${place} at ${new URL(endpoint).host}`;
}

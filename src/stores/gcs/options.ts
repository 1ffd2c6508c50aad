import * as z from 'zod';
import { type SecretSpec, secretValue } from '../../base/option-values.ts';
import {
  checkedPrefix,
  invalidPlace,
  partSizeValue,
  pathIn,
  prefixValue,
  secretIn,
  type WebOptions,
  webFields,
  webOptions,
  webUrlValue,
  withoutCredentials,
} from '../place-options.ts';

/** Where a Google Cloud store is and how it is reached. */
export interface GcsStoreOptions extends WebOptions {
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
}

/** The service takes the parts of an upload in multiples of this. */
const PART_UNIT_BYTES = 256 * 1024;

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
    ...webFields,
    part_size: partSizeValue(PART_UNIT_BYTES)
      .transform((sizeBytes) => Math.ceil(sizeBytes / PART_UNIT_BYTES) * PART_UNIT_BYTES)
      .describe('what is larger is sent in parts of this size')
      .optional(),
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
      ...webOptions(raw),
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
  return {
    ...options,
    keyFile: pathIn(options.keyFile, directory),
    caFile: pathIn(options.caFile, directory),
    credentials: secretIn(options.credentials, directory),
  };
}

/** For people: `gs://bucket/prefix`, with the host of a service other than Google's. */
export function shownGcs({ bucket, prefix, endpoint }: GcsStoreOptions): string {
  const place = prefix === '' ? `gs://${bucket}` : `gs://${bucket}/${prefix}`;
  return endpoint === undefined ? place : `${place} at ${new URL(endpoint).host}`;
}

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

/** Where an S3 store is and how it is reached. */
export interface S3StoreOptions extends WebOptions {
  readonly bucket: string;
  /** Without `/` at its ends; '' is the whole bucket. */
  readonly prefix: string;
  /** Of a service other than AWS, such as `https://s3.example.org`. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** The bucket stands in the path and not in the host name. Default: as services other than AWS expect it. */
  readonly pathStyle?: boolean | undefined;
  /** A profile of the files in `~/.aws`. */
  readonly profile?: string | undefined;
  readonly accessKeyId?: SecretSpec | undefined;
  readonly secretAccessKey?: SecretSpec | undefined;
  readonly sessionToken?: SecretSpec | undefined;
  readonly storageClass?: string | undefined;
  readonly encryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse' | undefined;
  readonly kmsKeyId?: string | undefined;
  /** Bodies can be locked against deletion, in this mode. */
  readonly objectLock?: 'governance' | 'compliance' | undefined;
  /** False where the service accepts conditional writes and does not keep to them. */
  readonly conditionalPut?: boolean | undefined;
}

const MIN_PART_BYTES = 5 * 2 ** 20;
/** What is in these can be read hours after it was asked for only. */
const OFFLINE_CLASSES = ['GLACIER', 'DEEP_ARCHIVE'];

const bucketName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/, 'must be the name of a bucket: 3 to 63 of a-z 0-9 . -')
  .describe('the bucket');

/** What may stand below `s3:` in the object form. */
export const s3Schema = z
  .strictObject({
    bucket: bucketName,
    prefix: prefixValue,
    endpoint: webUrlValue('https://s3.example.org').describe('of a service other than AWS').optional(),
    region: z.string().min(1).describe('such as eu-central-1; default: AWS_REGION or the profile').optional(),
    path_style: z.boolean().describe('the bucket stands in the path; default: with an endpoint').optional(),
    profile: z.string().min(1).describe('a profile of ~/.aws; default: AWS_PROFILE').optional(),
    access_key_id: secretValue.describe('default: the usual chain of AWS').optional(),
    secret_access_key: secretValue.describe('{ env: NAME }, { file: PATH } or { command: [...] }').optional(),
    session_token: secretValue.describe('of temporary credentials').optional(),
    storage_class: z
      .string()
      .regex(/^[A-Z0-9_-]+$/, 'must be a storage class such as STANDARD_IA')
      .refine((name) => !OFFLINE_CLASSES.includes(name), 'can not be read at once, so nothing could be verified')
      .describe('such as STANDARD_IA; default: that of the bucket')
      .optional(),
    sse: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).describe('encryption by the service').optional(),
    sse_kms_key_id: z.string().min(1).describe('the key for aws:kms').optional(),
    object_lock: z.enum(['governance', 'compliance']).describe('lock bodies against deletion, in this mode').optional(),
    conditional_put: z.boolean().describe('false: do not rely on If-None-Match').optional(),
    ...webFields,
    part_size: partSizeValue(MIN_PART_BYTES).describe('what is larger is sent in parts of this size').optional(),
  })
  .superRefine((raw, context) => {
    const [id, secret] = [raw.access_key_id !== undefined, raw.secret_access_key !== undefined];
    if (id !== secret) context.addIssue('access_key_id and secret_access_key go together');
    if (raw.session_token !== undefined && !id) context.addIssue('session_token needs access_key_id');
    if (id && raw.profile !== undefined) context.addIssue('profile and access_key_id exclude each other');
    if (raw.sse_kms_key_id !== undefined && !raw.sse?.startsWith('aws:')) {
      context.addIssue('sse_kms_key_id needs sse: aws:kms');
    }
  })
  .transform(
    (raw): S3StoreOptions => ({
      bucket: raw.bucket,
      prefix: raw.prefix,
      endpoint: raw.endpoint,
      region: raw.region,
      pathStyle: raw.path_style,
      profile: raw.profile,
      accessKeyId: raw.access_key_id,
      secretAccessKey: raw.secret_access_key,
      sessionToken: raw.session_token,
      storageClass: raw.storage_class,
      encryption: raw.sse,
      kmsKeyId: raw.sse_kms_key_id,
      objectLock: raw.object_lock,
      conditionalPut: raw.conditional_put,
      ...webOptions(raw),
    }),
  );

/** The bucket and prefix of `s3://bucket/prefix`. Fails with `store.invalid-url`. */
export function s3OptionsFromUrl(url: string): S3StoreOptions {
  const match = /^s3:\/\/([^/?#]*)(?:\/([^?#]*))?$/i.exec(url);
  if (match === null) {
    const object = 'what has an endpoint or options is written { s3: { bucket, prefix, endpoint: https://… } }';
    throw invalidPlace(withoutCredentials(url), 'it is not of the form s3://bucket/prefix', object);
  }
  const [, bucket = '', prefix = ''] = match;
  if (bucket.includes('@')) {
    const hint = 'leave credentials out: they come from the environment, ~/.aws or secret_access_key: { env: NAME }';
    throw invalidPlace(withoutCredentials(url), 'credentials do not belong into a URL', hint);
  }
  if (bucket.includes(':')) {
    const host = bucket.toLowerCase();
    const hint = `for the service at ${host} write { s3: { endpoint: https://${host}, bucket: NAME, prefix: … } }`;
    throw invalidPlace(url, 'a bucket has no port', hint);
  }
  const named = bucketName.safeParse(bucket);
  if (!named.success) throw invalidPlace(url, `"${bucket}" is not the name of a bucket`, 'write s3://bucket/prefix');
  return { bucket, prefix: checkedPrefix(prefix) };
}

/** The options with relative paths made absolute. */
export function s3OptionsIn(options: S3StoreOptions, directory: string): S3StoreOptions {
  return {
    ...options,
    caFile: pathIn(options.caFile, directory),
    accessKeyId: secretIn(options.accessKeyId, directory),
    secretAccessKey: secretIn(options.secretAccessKey, directory),
    sessionToken: secretIn(options.sessionToken, directory),
  };
}

/** For people: `s3://bucket/prefix`, with the host of a service other than AWS. */
export function shownS3({ bucket, prefix, endpoint }: S3StoreOptions): string {
  const place = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
  return endpoint === undefined ? place : `${place} at ${new URL(endpoint).host}`;
}

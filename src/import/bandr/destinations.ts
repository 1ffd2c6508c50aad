/** Where both containers send what they made: buckets through s3fs or rclone, other machines through rsync. */
import type { Draft } from '../draft.ts';
import { createReader, type Reader } from '../reader.ts';
import { secretInVariable, withoutPassword } from '../secrets.ts';
import type { Setting, Settings } from '../settings.ts';
import type { Kept } from './run.ts';

export interface Bucket {
  readonly store: Readonly<Record<string, unknown>>;
  readonly from: readonly Setting[];
}

/** What the store reads from the environment itself. */
const CREDENTIALS = /^(?:AWS_\w+|RCLONE_S3_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)|RCLONE_CONFIG_\w+)$/;

/** A bucket as an object store: `name` is `bucket` or `/bucket/prefix`. */
export function bucketOf(name: string, from: readonly (Setting | undefined)[], reader: Reader): Bucket {
  const [bucket = '', ...prefix] = name.split('/').filter((part) => part !== '');
  const endpoint = reader.text('RCLONE_S3_ENDPOINT') ?? reader.text('BACKUP_VOLUME_S3_URL');
  const region = reader.text('AWS_DEFAULT_REGION');
  const style = reader.text('BACKUP_VOLUME_S3_REQUEST_STYLE') ?? reader.text('S3_REQUEST_STYLE');
  const options = {
    bucket,
    ...(prefix.length === 0 ? {} : { prefix: prefix.join('/') }),
    ...(endpoint === undefined ? {} : { endpoint: withoutPassword(endpoint.value) }),
    ...(region === undefined ? {} : { region: region.value }),
    ...(style === undefined ? {} : { path_style: /path/i.test(style.value) }),
  };
  const used = [...from, endpoint?.from, region?.from, style?.from].filter((setting) => setting !== undefined);
  return { store: { s3: options }, from: used };
}

/** Tells where credentials come from, and of the switches of rclone that Surety has not. */
export function noteTransfer(settings: Settings, draft: Draft): void {
  for (const setting of settings.left()) {
    const { key } = setting;
    if (CREDENTIALS.test(key)) {
      settings.take(key);
      draft.note(setting, `the store takes it from the environment, as AWS_…: nothing is copied${keptIn(setting)}`);
    } else if (key === 'RCLONE_S3_PROVIDER') {
      settings.take(key);
      draft.note(setting, 'the store finds out by itself what the provider can do');
    } else if (key === 'USE_RCLONE_NO_CHECK_CERTIFICATE') {
      settings.take(key);
      draft.omit(setting, 'certificates are always checked', 'name the private authority in NODE_EXTRA_CA_CERTS');
    } else if (key === 'RCLONE_EXTRA_OPTIONS') {
      settings.take(key);
      draft.omit(
        setting,
        'rclone is not used',
        'look which of its options you need; this version does not limit its rate',
      );
    }
  }
}

/** `{ env: NAME }`, and where the cluster has it. */
export function secretOf(setting: Setting, draft: Draft): { readonly env: string } {
  const kept = keptIn(setting);
  if (kept !== '') {
    draft.note(setting, `Surety takes it from the variable ${setting.key}${kept}`);
    return { env: setting.key };
  }
  return secretInVariable(setting, draft);
}

function keptIn({ value }: Setting): string {
  const secret = typeof value === 'object' && value !== null && 'secret' in value ? (value as Kept).secret : undefined;
  return secret === undefined ? '' : `, which the manifest takes from the secret ${secret}`;
}

export function readerOf(settings: Settings, draft: Draft): Reader {
  return createReader(settings, draft);
}

/** Where restic's repositories are: its own way of saying it, and Surety's. */
import { withoutPassword } from '../secrets.ts';

/** The value of `store`. A place that Surety has no store for stays as it is: the configuration says that it has none. */
export function storeOf(location: string): string | Readonly<Record<string, unknown>> {
  const kind = kindOf(location);
  // A user's password in an address is no part of the place.
  const rest = withoutPassword(location.slice((kind ?? '').length + 1));
  if (kind === undefined) return `file:${location}`;
  if (kind === 'local') return `file:${rest}`;
  if (kind === 'sftp') return sftp(rest);
  if (kind === 's3') return s3(rest);
  if (kind === 'azure' || kind === 'gs') return container(kind, rest);
  return `${kind}:${rest}`;
}

/** `s3`, `sftp`, …; undefined for a folder. */
export function kindOf(location: string): string | undefined {
  return /^(local|sftp|s3|azure|gs|rest|b2|swift|rclone):/.exec(location)?.[1];
}

/** `user@host:/path`, or a URL whose path begins with two slashes where it is absolute. */
function sftp(rest: string): string {
  if (rest.startsWith('//')) return `sftp:${rest.replace(/^(\/\/[^/]+)\/\//, '$1/')}`;
  const [, host = rest, path = ''] = /^([^:]*):([\s\S]*)$/.exec(rest) ?? [];
  return `sftp://${host}${path.startsWith('/') ? '' : '/~/'}${path}`;
}

/** `s3.amazonaws.com/bucket/prefix`, also with `https://` in front. */
function s3(rest: string): Readonly<Record<string, unknown>> {
  const [, scheme, place = ''] = /^(https?:\/\/)?([\s\S]*)$/.exec(rest) ?? [];
  const [host = '', bucket = '', ...prefix] = place.split('/').filter((part) => part !== '');
  const isAmazon = /(?:^|\.)amazonaws\.com$/.test(host);
  return {
    s3: {
      bucket,
      ...(prefix.length === 0 ? {} : { prefix: prefix.join('/') }),
      ...(isAmazon ? {} : { endpoint: `${scheme ?? 'https://'}${host}` }),
    },
  };
}

/** `container:/prefix` and `bucket:/prefix`. */
function container(kind: 'azure' | 'gs', rest: string): Readonly<Record<string, unknown>> {
  const [, name = rest, path = ''] = /^([^:]*):([\s\S]*)$/.exec(rest) ?? [];
  const prefix = path.replaceAll(/^\/+|\/+$/g, '');
  const more = prefix === '' ? {} : { prefix };
  return kind === 'azure' ? { azure: { container: name, ...more } } : { gcs: { bucket: name, ...more } };
}

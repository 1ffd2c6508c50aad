/** Where the bytes of a repository are: a URL, or the same as an object where a store needs options. */
import { SuretyError } from '../base/errors.ts';
import { listed, nearest } from '../base/nearest.ts';
import { type LocalStoreOptions, localStoreOptions } from '../stores/local/options.ts';
import { expandHome } from './paths.ts';

export type StoreLocation = { readonly kind: 'local'; readonly options: LocalStoreOptions };

/** A store as it is written in the configuration. */
export type RawStore = string | Readonly<Record<string, unknown>>;

interface StoreKind {
  /** The URL's scheme, without the colon. */
  readonly scheme: string;
  /** The key of the object form. */
  readonly key: string;
  /** Undefined while Surety has no such store. */
  readonly parse?: (url: string, directory: string) => StoreLocation;
}

/** All kinds that configuration knows of; a store that is added gets its `parse` here. */
const STORE_KINDS: readonly StoreKind[] = [
  { scheme: 'file', key: 'file', parse: parseLocal },
  { scheme: 's3', key: 's3' },
  { scheme: 'azure', key: 'azure' },
  { scheme: 'gs', key: 'gcs' },
  { scheme: 'sftp', key: 'sftp' },
];

/**
 * The location that `raw` means; relative paths are below `directory`. Throws `store.invalid-url`, or `store.unsupported`
 * for a kind that this version does not have.
 */
export function parseStoreLocation(raw: RawStore, directory: string): StoreLocation {
  if (typeof raw !== 'string') throw objectForm(raw);
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(raw)?.[1]?.toLowerCase();
  if (scheme === undefined) throw withoutScheme(raw);
  const kind = STORE_KINDS.find((one) => one.scheme === scheme);
  if (kind?.parse !== undefined) return kind.parse(raw, directory);
  throw kind === undefined ? unknownScheme(scheme) : unsupported(kind.scheme);
}

function parseLocal(url: string, directory: string): StoreLocation {
  const path = url.slice('file:'.length);
  const options = localStoreOptions(path.startsWith('~') ? `file:${expandHome(path)}` : url, directory);
  if (options === undefined) throw unknownScheme('file');
  return { kind: 'local', options };
}

function objectForm(raw: Readonly<Record<string, unknown>>): SuretyError {
  const keys = Object.keys(raw);
  const key = keys[0];
  if (key === undefined || keys.length > 1) {
    return invalid('a store has exactly one kind', 'write a URL such as file:/backup/vault');
  }
  const kind = STORE_KINDS.find((one) => one.key === key);
  if (kind === undefined) return unknownScheme(key);
  if (kind.parse === undefined) return unsupported(key);
  return invalid(`a ${key} store has no options`, `write it as a URL: ${key}:path`);
}

function withoutScheme(raw: string): SuretyError {
  const isPath = /^[./~]/.test(raw) || raw.includes('/');
  const hint = isPath ? `for a folder write file:${raw}` : 'write a URL such as file:/backup/vault';
  return invalid(`the store "${raw}" does not say of which kind it is`, hint);
}

function unknownScheme(scheme: string): SuretyError {
  const known = availableSchemes();
  const near = nearest(scheme, known);
  const hint = near.length > 0 ? `did you mean ${near[0]}` : `this version has: ${listed(known, 'and')}`;
  return invalid(`there is no store of kind ${scheme}`, hint);
}

function unsupported(kind: string): SuretyError {
  return new SuretyError('store.unsupported', `stores of kind ${kind} are not available in this version`, {
    hint: `this version has: ${listed(availableSchemes(), 'and')}`,
  });
}

function availableSchemes(): string[] {
  return STORE_KINDS.filter((kind) => kind.parse !== undefined).map((kind) => kind.scheme);
}

function invalid(message: string, hint: string): SuretyError {
  return new SuretyError('store.invalid-url', message, { hint });
}

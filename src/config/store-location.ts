/** Where the bytes of a repository are: a URL, or the same as an object where a store needs options. */
import * as z from 'zod';
import { SuretyError } from '../base/errors.ts';
import { listed, nearest } from '../base/nearest.ts';
import { parsedBy } from '../base/option-values.ts';
import {
  type AzureStoreOptions,
  azureOptionsFromUrl,
  azureOptionsIn,
  azureSchema,
  shownAzure,
} from '../stores/azure/options.ts';
import { type GcsStoreOptions, gcsOptionsFromUrl, gcsOptionsIn, gcsSchema, shownGcs } from '../stores/gcs/options.ts';
import { type LocalStoreOptions, localStoreOptions } from '../stores/local/options.ts';
import { type S3StoreOptions, s3OptionsFromUrl, s3OptionsIn, s3Schema, shownS3 } from '../stores/s3/options.ts';
import {
  type SftpStoreOptions,
  sftpOptionsFromUrl,
  sftpOptionsIn,
  sftpSchema,
  shownSftp,
} from '../stores/sftp/options.ts';
import { type HostStore, hostStoreOf, hostStoreShape, sftpOfHost } from './host-store.ts';
import type { HostConfig } from './hosts.ts';
import { expandHome } from './paths.ts';

/** A store, with the options of its kind. */
export type StoreLocation = { readonly [Key in StoreKey]: LocationOf<Key> }[StoreKey];

/** Options of each kind, by the key of the object form. */
interface StoreOptions {
  readonly file: LocalStoreOptions;
  readonly s3: S3StoreOptions;
  readonly azure: AzureStoreOptions;
  readonly gcs: GcsStoreOptions;
  readonly sftp: SftpStoreOptions;
}

type StoreKey = keyof StoreOptions;

export interface LocationOf<Key extends StoreKey> {
  readonly kind: Key;
  readonly options: StoreOptions[Key];
}

/** How a kind is written. */
interface StoreKind<Key extends StoreKey> {
  /** The URL's scheme, without the colon. */
  readonly scheme: string;
  /** Throws `store.invalid-url`. Relative paths are below `directory`. */
  fromUrl(url: string, directory: string): StoreOptions[Key];
  /** What may stand below the key of the object form; none where a URL says all there is. */
  readonly schema?: z.ZodType<StoreOptions[Key], unknown>;
  /** The options with relative paths made absolute; missing where the object form has none. */
  inDirectory?(options: StoreOptions[Key], directory: string): StoreOptions[Key];
  /** For people, without secrets; the same place is always the same text. */
  shown(options: StoreOptions[Key]): string;
}

/** All kinds of stores: one that is added gets its line here and in {@link StoreOptions}. */
const STORE_KINDS: { readonly [Key in StoreKey]: StoreKind<Key> } = {
  file: { scheme: 'file', fromUrl: localFromUrl, shown: ({ path }) => path },
  s3: { scheme: 's3', fromUrl: s3OptionsFromUrl, schema: s3Schema, inDirectory: s3OptionsIn, shown: shownS3 },
  azure: {
    scheme: 'azure',
    fromUrl: azureOptionsFromUrl,
    schema: azureSchema,
    inDirectory: azureOptionsIn,
    shown: shownAzure,
  },
  gcs: { scheme: 'gs', fromUrl: gcsOptionsFromUrl, schema: gcsSchema, inDirectory: gcsOptionsIn, shown: shownGcs },
  sftp: {
    scheme: 'sftp',
    fromUrl: sftpOptionsFromUrl,
    schema: sftpSchema,
    inDirectory: sftpOptionsIn,
    shown: shownSftp,
  },
};

const KEYS = Object.keys(STORE_KINDS) as StoreKey[];

/** A store as the schema read it: a URL, the key and the options of the object form, or a folder of a host. */
export type WrittenStore = string | StoreLocation | HostStore;

/** A store as it may be written in the configuration. */
export const storeSchema = z
  .union([z.string().superRefine(parsedBy((url) => void fromUrl(url, '/'))), objectSchema()])
  .describe(
    'where the repository is: a URL such as file:/some/folder, or an object with one key where it needs options',
  );

/** The location that was written. Throws `store.invalid-url`. */
export function storeLocation(
  written: WrittenStore,
  directory: string,
  hosts: readonly HostConfig[] = [],
): StoreLocation {
  if (typeof written === 'string') return fromUrl(written, directory);
  if (written.kind === 'host') return { kind: 'sftp', options: sftpOfHost(written, hosts) };
  return inDirectory(written, directory);
}

/** For people, without secrets; two stores in the same place have the same text. */
export function shownLocation<Key extends StoreKey>({ kind, options }: LocationOf<Key>): string {
  return STORE_KINDS[kind].shown(options);
}

function inDirectory<Key extends StoreKey>({ kind, options }: LocationOf<Key>, directory: string): StoreLocation {
  const resolved = STORE_KINDS[kind].inDirectory?.(options, directory) ?? options;
  return { kind, options: resolved } as StoreLocation;
}

function fromUrl(url: string, directory: string): StoreLocation {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) throw withoutScheme(url);
  const kind = KEYS.find((key) => STORE_KINDS[key].scheme === scheme);
  if (kind === undefined) throw unknownScheme(scheme);
  return { kind, options: STORE_KINDS[kind].fromUrl(url, directory) } as StoreLocation;
}

function objectSchema() {
  const shape = Object.fromEntries(
    KEYS.flatMap((key) => {
      const { schema } = STORE_KINDS[key];
      return schema === undefined ? [] : [[key, schema.optional()]];
    }),
  ) as Record<string, z.ZodType>;
  return z.strictObject({ ...shape, ...hostStoreShape }).transform((raw, context): StoreLocation | HostStore => {
    const [key, ...more] = KEYS.filter((one) => raw[one as keyof typeof raw] !== undefined);
    const onHost = hostStoreOf(raw);
    if (onHost !== undefined && key === undefined) {
      if (!('problem' in onHost)) return onHost;
      context.addIssue({ code: 'custom', message: onHost.problem });
      return z.NEVER;
    }
    const isOne = key !== undefined && more.length === 0 && onHost === undefined;
    if (isOne) return { kind: key, options: raw[key as keyof typeof raw] } as unknown as StoreLocation;
    const params = { hint: 'write a URL such as file:/backup/vault, or an object with one of its kinds' };
    context.addIssue({ code: 'custom', message: 'a store has exactly one kind', params });
    return z.NEVER;
  });
}

function localFromUrl(url: string, directory: string): LocalStoreOptions {
  const path = url.slice('file:'.length);
  const options = localStoreOptions(path.startsWith('~') ? `file:${expandHome(path)}` : url, directory);
  if (options === undefined) throw unknownScheme('file');
  return options;
}

function withoutScheme(raw: string): SuretyError {
  const isPath = /^[./~]/.test(raw) || raw.includes('/');
  const hint = isPath ? `for a folder write file:${raw}` : 'write a URL such as file:/backup/vault';
  return invalid(`the store "${raw}" does not say of which kind it is`, hint);
}

function unknownScheme(name: string): SuretyError {
  const known = KEYS.map((key) => STORE_KINDS[key].scheme);
  const near = nearest(name, known);
  const hint = near.length > 0 ? `did you mean ${near[0]}` : `there are: ${listed(known, 'and')}`;
  return invalid(`there is no store of kind ${name}`, hint);
}

function invalid(message: string, hint: string): SuretyError {
  return new SuretyError('store.invalid-url', message, { hint });
}

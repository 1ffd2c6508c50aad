/** Other credentials for the same store: those that may delete, for a machine that cleans up. */

import { resolve } from 'node:path';
import * as z from 'zod';
import { type SecretSpec, secretValue } from '../base/option-values.ts';
import { expandHome } from './paths.ts';
import { resolveSecretPath } from './secrets.ts';
import type { StoreLocation, WrittenStore } from './store-location.ts';

type StoreKind = StoreLocation['kind'];

/** Which of the credentials each kind of store knows. */
const KNOWN_BY: { readonly [Kind in StoreKind]: readonly (keyof CleanupWith)[] } = {
  file: [],
  s3: ['access_key_id', 'secret_access_key', 'session_token', 'profile'],
  azure: ['connection_string', 'account_key', 'sas_token'],
  gcs: ['key_file', 'credentials'],
  sftp: ['user', 'identity_file'],
};

export const cleanupWithSchema = z
  .strictObject({
    access_key_id: secretValue.describe('of S3').optional(),
    secret_access_key: secretValue.describe('of S3').optional(),
    session_token: secretValue.describe('of S3, with temporary credentials').optional(),
    profile: z.string().min(1).describe('of S3: a profile of ~/.aws').optional(),
    connection_string: secretValue.describe('of Azure').optional(),
    account_key: secretValue.describe('of Azure').optional(),
    sas_token: secretValue.describe('of Azure').optional(),
    key_file: z.string().min(1).describe('of Google: a credentials file').optional(),
    credentials: secretValue.describe('of Google: what stands in such a file').optional(),
    user: z
      .string()
      .regex(/^[^\s@:/'"`$\\;<>|&()-][^\s@:/'"`$\\;<>|&()]*$/, 'must be the name of an account')
      .describe('of SFTP')
      .optional(),
    identity_file: z.string().min(1).describe('of SFTP: the secret key of ssh').optional(),
  })
  .refine((raw) => Object.values(raw).some((value) => value !== undefined), { error: 'there are no credentials' })
  .refine((raw) => (raw.access_key_id === undefined) === (raw.secret_access_key === undefined), {
    error: 'access_key_id and secret_access_key go together',
  })
  .describe('credentials that may delete, for cleanup, forget and unlock; those of the store need not');

export type CleanupWith = z.output<typeof cleanupWithSchema>;

/** Findings about a repository's store and what it is to be used with. */
export function checkCleanupWith(
  raw: {
    readonly store: WrittenStore;
    readonly cleanup_with?: CleanupWith | undefined;
    readonly lock_for?: number | undefined;
  },
  context: z.RefinementCtx,
): void {
  const kind = kindOf(raw.store);
  const known = KNOWN_BY[kind];
  for (const key of namesIn(raw.cleanup_with)) {
    if (known.includes(key)) continue;
    const hint =
      known.length === 0
        ? 'a folder has no credentials: clean it up from another configuration'
        : `it takes ${known.join(', ')}`;
    context.addIssue({
      code: 'custom',
      path: ['cleanup_with', key],
      message: `a store of kind ${kind} has no ${key}`,
      params: { hint },
    });
  }
  if (raw.lock_for === undefined || hasLocks(raw.store)) return;
  const hint =
    'write the store as an object with object_lock, such as { s3: { bucket: NAME, object_lock: compliance } }';
  context.addIssue({ code: 'custom', path: ['lock_for'], message: 'the store has no object_lock', params: { hint } });
}

function kindOf(store: WrittenStore): StoreKind {
  if (typeof store !== 'string') return store.kind === 'host' ? 'sftp' : store.kind;
  const scheme = /^([a-z0-9+.-]+):/i.exec(store)?.[1]?.toLowerCase();
  if (scheme === 'gs') return 'gcs';
  return scheme !== undefined && Object.hasOwn(KNOWN_BY, scheme) ? (scheme as StoreKind) : 'file';
}

function hasLocks(store: WrittenStore): boolean {
  return (
    typeof store !== 'string' &&
    'options' in store &&
    'objectLock' in store.options &&
    store.options.objectLock !== undefined
  );
}

function namesIn(raw: CleanupWith | undefined): (keyof CleanupWith)[] {
  return Object.entries(raw ?? {}).flatMap(([key, value]) => (value === undefined ? [] : [key as keyof CleanupWith]));
}

/** The same place with these credentials in the place of all of its own. */
export function storeForCleanup(
  store: StoreLocation,
  raw: CleanupWith | undefined,
  directory: string,
): StoreLocation | undefined {
  if (raw === undefined) return undefined;
  const own = Object.fromEntries(KNOWN_BY[store.kind].map((key) => [camel(key), credentialOf(key, raw, directory)]));
  // Who connects as somebody else with the key of before is still told by ssh what is wrong.
  const given =
    store.kind === 'sftp' ? Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) : own;
  return { kind: store.kind, options: { ...store.options, ...given } } as StoreLocation;
}

function credentialOf(key: keyof CleanupWith, raw: CleanupWith, directory: string): unknown {
  const value = raw[key];
  if (value === undefined) return undefined;
  if (key === 'key_file' || key === 'identity_file') return resolve(directory, expandHome(String(value)));
  if (key === 'user' || key === 'profile') return value;
  return resolveSecretPath(value as SecretSpec, directory);
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

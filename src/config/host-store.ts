/** A store on a host that is defined under `hosts`: the same place over SFTP, reached as that host is. */
import * as z from 'zod';
import { type SftpStoreOptions, sftpSchema } from '../stores/sftp/options.ts';
import type { HostConfig } from './hosts.ts';

/** `{ host: NAME, path: /srv/backup }`, as it was read. */
export interface HostStore {
  readonly kind: 'host';
  readonly host: string;
  readonly path: string;
  readonly connections: number | undefined;
}

/** What may stand in a store besides the keys of its kinds. */
export const hostStoreShape = {
  host: z
    .string()
    .min(1)
    .describe('a host of `hosts` that is reached over SSH; the store is a folder there')
    .optional(),
  path: z
    .string()
    .min(1)
    .describe('with host: the folder; relative to the home folder unless it begins with /')
    .optional(),
  connections: z.int().min(1).max(32).describe('with host: connections at once; default 4').optional(),
};

type RawHostStore = z.output<z.ZodObject<typeof hostStoreShape>>;

/** The store, or what is missing of it; undefined where it is of another kind. */
export function hostStoreOf(raw: RawHostStore): HostStore | { readonly problem: string } | undefined {
  const { host, path, connections } = raw;
  if (host === undefined) {
    if (path === undefined && connections === undefined) return undefined;
    return { problem: '`path` belongs to a host: { host: NAME, path: /folder }' };
  }
  if (path === undefined) return { problem: 'the folder on the host is missing: { host: NAME, path: /folder }' };
  const parsed = sftpSchema.safeParse({ host: 'host', path, connections });
  if (!parsed.success) return { problem: `its path ${parsed.error.issues[0]?.message}` };
  return { kind: 'host', host, path: parsed.data.path, connections };
}

/** What the store is to SFTP. `hosts` has the host, and it is one over SSH, as `store-hosts.ts` sees to. */
export function sftpOfHost({ host, path, connections }: HostStore, hosts: readonly HostConfig[]): SftpStoreOptions {
  const found = hosts.find(({ name }) => name === host);
  if (found?.kind !== 'ssh') return { host, path };
  const { configFile, ...options } = found.options;
  return { ...options, sshConfig: configFile, path, connections };
}

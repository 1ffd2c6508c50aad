/** Where sources and repositories are, on what, and who lets in: what is seen of it, with what the configuration says where nothing can be seen. */
import { statSync } from 'node:fs';
import {
  type Config,
  findNamed,
  type PlainSource,
  type RepositoryConfig,
  type SourceConfig,
  sourceInside,
} from '../config/config.ts';
import type { HostConfig } from '../config/hosts.ts';
import { placesOfSource } from '../config/places.ts';
import type { LocationOf } from '../config/store-location.ts';
import type { CopiesSource, WhereaboutsOf } from '../operations/proven-copies.ts';
import { type Keeping, THIS_MACHINE } from '../rules/keeping.ts';
import type { Original } from '../rules/three-two-one.ts';
import { isHere } from './compose-host.ts';
import { diskOf } from './disks.ts';
import { keepingOfFolders, LOCAL_ADMINISTRATOR } from './folder-keeping.ts';
import { type NetworkPlace, placeOfHost } from './network-place.ts';
import {
  type AccessHow,
  accessToAzure,
  accessToGcs,
  accessToS3,
  accessToSftp,
  type StoreAccess,
} from './store-access.ts';

/** What is wanted of sources, and where they are; where repositories are. */
export interface Whereabouts {
  copyGoals(sources: readonly SourceConfig[]): Promise<Omit<CopiesSource, 'repositories' | 'latestOnly'>[]>;
  /** By the names of the repositories. */
  whereabouts(how: { readonly signal: AbortSignal }): Promise<ReadonlyMap<string, WhereaboutsOf>>;
}

export function whereaboutsIn({ repositories, hosts, directory, site }: Config): Whereabouts {
  return {
    copyGoals: (sources) =>
      Promise.all(
        sources.map(async (source) => {
          const { name, importance, copies: rule } = source;
          const inside = sourceInside(source);
          const original = await whereaboutsOfSource(inside, { hosts, directory, site });
          return { name, kind: inside.kind, importance, rule, original };
        }),
      ),
    async whereabouts({ signal }) {
      const found = repositories.map(
        async (one) => [one.name, await whereaboutsOfRepository(one, { directory, signal })] as const,
      );
      return new Map(await Promise.all(found));
    },
  };
}

type SourceGround = Pick<Config, 'hosts' | 'directory' | 'site'>;

/** The paths of a source are on the disks of this machine, on those of a server that they come from, or on another host. */
async function whereaboutsOfSource(source: PlainSource, { hosts, directory, site }: SourceGround): Promise<Original> {
  const server = serverOf(source);
  if (!isHere(source.host) && (server === undefined || LOOPBACK.test(server))) {
    const place = await placeOf(findNamed(hosts, source.host, 'host'));
    if (!place.isThis) return { ...onServer(place, source.host, site), isThere: true };
  }
  if (server !== undefined) {
    const place = await placeOfHost(server);
    if (!place.isThis) return { ...onServer(place, server, site), isThere: true };
  }
  const paths = placesOfSource(source, directory).map(({ path }) => path);
  const disks = paths.map((path) => diskOf(path));
  const there = disks.filter((disk) => disk !== undefined);
  const isThere = paths.length === 0 || there.length > 0;
  return { ...(await keepingOfFolders(there, site)), isThere };
}

const LOOPBACK = /^(?:localhost|127\.[\d.]+|::1)$/;

/** Which machine a pod runs on changes. */
async function placeOf(host: HostConfig): Promise<NetworkPlace> {
  if (host.kind === 'ssh') return await placeOfHost(host.options.host);
  return { kind: 'unknown', hosts: [host.location], isThis: false };
}

/** Of a database: the machine that it is on, where that is not this one. */
function serverOf({ kind, options }: PlainSource): string | undefined {
  if (kind !== 'postgres' && kind !== 'mysql') return undefined;
  const server = 'server' in options ? options.server : undefined;
  return typeof server !== 'string' || server.startsWith('/') ? undefined : server;
}

function onServer({ kind, hosts }: NetworkPlace, shown: string, site: string | undefined): Keeping {
  const administrator = { marks: [`server ${shown}`], name: undefined, shown };
  return { place: { kind, hosts, site }, medium: { hosts, disks: [], shown }, administrator };
}

async function whereaboutsOfRepository({ store, location }: RepositoryConfig, how: AccessHow): Promise<WhereaboutsOf> {
  const { site, administrator: name } = location;
  const found = store.kind === 'file' ? await ofFolder(store, site) : await ofService(await accessTo(store, how), site);
  const spot = store.kind === 'file' ? spotOf(store.options.path) : undefined;
  return { ...found, administrator: { ...found.administrator, name }, spot };
}

/** Whatever links and mounts lead there. */
function spotOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** A folder that is not there is on a disk that was taken away, where its site is named; else nobody can tell what became of it. */
async function ofFolder({ options: { path } }: LocationOf<'file'>, site: string | undefined): Promise<WhereaboutsOf> {
  const disk = diskOf(path);
  if (disk === undefined) {
    const away: Keeping = {
      place: { kind: 'unknown', hosts: [], site },
      medium: { hosts: [`site ${site ?? ''}`], disks: [], shown: site ?? 'a disk that is not there' },
      administrator: LOCAL_ADMINISTRATOR,
    };
    return { ...away, problem: site === undefined ? `there is no folder ${path} now` : undefined };
  }
  return { ...(await keepingOfFolders([disk], site)), problem: undefined };
}

type RemoteStore = Exclude<RepositoryConfig['store'], { readonly kind: 'file' }>;

async function accessTo(store: RemoteStore, how: AccessHow): Promise<StoreAccess> {
  switch (store.kind) {
    case 's3':
      return await accessToS3(store, how);
    case 'azure':
      return await accessToAzure(store, how);
    case 'gcs':
      return await accessToGcs(store, how);
    case 'sftp':
      return accessToSftp(store, await resolvedBySsh(store, how));
  }
}

async function ofService(access: StoreAccess, site: string | undefined): Promise<WhereaboutsOf> {
  const { host, part, isCloud, mark, shown } = access;
  const place = isCloud ? { kind: 'elsewhere' as const, hosts: [host], isThis: false } : await placeOfHost(host);
  const { kind, hosts, isThis } = place;
  const medium = isThis
    ? { hosts: [THIS_MACHINE], disks: [], shown: `${host}, which is ${THIS_MACHINE}` }
    : { hosts, disks: part === undefined ? [] : [part], shown: part === undefined ? host : `${host} (${part})` };
  const marks = isThis ? [THIS_MACHINE, mark] : [mark];
  const where = isThis ? [THIS_MACHINE] : hosts;
  return {
    place: { kind, hosts: where, site },
    medium,
    administrator: { marks, name: undefined, shown },
    problem: undefined,
  };
}

const PATIENCE_MS = 5000;

/** A name may stand for another one in the configuration of ssh. */
async function resolvedBySsh(
  { options }: LocationOf<'sftp'>,
  { signal }: AccessHow,
): Promise<{ host: string; user?: string }> {
  const { openLocal } = await import('../reach/local.ts');
  await using local = openLocal();
  const file = options.sshConfig === undefined ? [] : ['-F', options.sshConfig];
  const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const child = local.exec(['ssh', '-G', ...file, '--', options.host], { signal: limited });
    const text = Buffer.concat(await Array.fromAsync(child.stdout)).toString('utf8');
    const told = (key: string) => new RegExp(`^${key} (.+)$`, 'm').exec(text)?.[1];
    const user = told('user');
    return { host: told('hostname') ?? options.host, ...(user === undefined ? {} : { user }) };
  } catch {
    signal.throwIfAborted();
    return { host: options.host };
  }
}

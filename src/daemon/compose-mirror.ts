/** Opens and makes mirrors: in a folder, on a host, or in a store of objects. */
import { systemClock } from '../base/clock.ts';
import { hostName, systemTimeZone } from '../base/environment.ts';
import type { RepositoryOf } from '../config/config.ts';
import { type StoreLocation, shownLocation } from '../config/store-location.ts';
import type { Engine } from '../engines/engine.ts';
import type { OpenOptions } from '../engines/mirror/open.ts';
import type { MirrorPlace } from '../engines/mirror/place.ts';
import type { Reach } from '../reach/reach.ts';
import { ratesAt } from '../rules/rate-windows.ts';
import type { Source } from '../sources/source.ts';
import type { Store } from '../stores/store.ts';
import { openStore } from './compose-store.ts';
import type { EngineHow } from './engine-how.ts';

type MirrorConfig = RepositoryOf<'mirror'>;

/** What is remembered of the copies is beside them. */
const RECORDS = '.surety';

/** Throws `repository.missing` and the codes of its place. */
export async function openMirrorEngine(config: MirrorConfig, options: OpenOptions, how: EngineHow): Promise<Engine> {
  const { openMirror } = await import('../engines/mirror/open.ts');
  await using opening = new AsyncDisposableStack();
  const records = opening.use(await openRecords(config, how, false));
  const place = opening.use(await openPlace(config, how));
  const engine = await openMirror({ location: shownLocation(config.store), records, place }, options, how);
  opening.move();
  return engine;
}

/** Makes the place where it is missing, and a mirror in it. Throws `repository.exists`. */
export async function initMirrorEngine(config: MirrorConfig, options: OpenOptions, how: EngineHow): Promise<void> {
  const { initMirror } = await import('../engines/mirror/open.ts');
  await using records = await openRecords(config, how, true);
  await initMirror(records, options, how);
}

async function openRecords({ store, use }: MirrorConfig, how: EngineHow, create: boolean): Promise<Store> {
  const folder = folderLocation(store, RECORDS);
  if (folder !== undefined) return await openStore(folder, { ...how, use, create });
  const whole = await openStore(store, { ...how, use, create });
  const { below } = await import('../stores/wrap/below.ts');
  return { ...below(whole, RECORDS), [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose]() };
}

/** A folder below that of the location; undefined where there are no folders. */
function folderLocation(location: StoreLocation, name: string): StoreLocation | undefined {
  switch (location.kind) {
    case 'file':
      return { kind: 'file', options: { ...location.options, path: `${location.options.path}/${name}` } };
    case 'sftp':
      return { kind: 'sftp', options: { ...location.options, path: `${location.options.path}/${name}` } };
    default:
      return undefined;
  }
}

async function openPlace({ store, use, name }: MirrorConfig, how: EngineHow): Promise<MirrorPlace> {
  if (store.kind !== 'file' && store.kind !== 'sftp') {
    const { openObjects } = await import('../engines/mirror/objects/open.ts');
    return openObjects(await openStore(store, { ...how, use, create: false }));
  }
  const { openFolder } = await import('../engines/mirror/folder/open.ts');
  const { openLocal } = await import('../reach/local.ts');
  const local = openLocal();
  const reach = store.kind === 'file' ? local : await reachOf(store.options, name);
  const place = openFolder({
    ...{ root: store.options.path, reach, local, filesIn: (folder: string) => filesIn(name, folder) },
    upload: () => ratesAt(use.limit, systemClock.now(), systemTimeZone()).upload,
    download: () => ratesAt(use.limit, systemClock.now(), systemTimeZone()).download,
  });
  return { ...place, [Symbol.asyncDispose]: () => reach[Symbol.asyncDispose]() };
}

async function reachOf(
  options: Extract<StoreLocation, { readonly kind: 'sftp' }>['options'],
  name: string,
): Promise<Reach> {
  const { openSsh } = await import('../reach/ssh/open.ts');
  const { host, user, port, identityFile, knownHosts, jump } = options;
  const times = {
    connectTimeoutMs: options.connectTimeoutMs ?? 15_000,
    idleTimeoutMs: options.idleTimeoutMs ?? 60_000,
  };
  const target = { host, user, port, identityFile, knownHosts, jump, configFile: options.sshConfig };
  return openSsh({ name, options: { ...target, ...times } });
}

/** Files of a folder, all of them, by their paths below it. */
async function filesIn(name: string, folder: string): Promise<Source> {
  const { openFiles } = await import('../sources/files/open.ts');
  const { filesOptions } = await import('../sources/files/options.ts');
  const options = filesOptions({ paths: ['.'], exclude: [], exclude_caches: false });
  return openFiles({ name, host: hostName(), baseDir: folder, options });
}

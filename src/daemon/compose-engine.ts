/** Opens and makes repositories. */
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { hostName, programVersion, userName } from '../base/environment.ts';
import type { RepositoryConfig } from '../config/config.ts';
import { fetchSecret } from '../config/secrets.ts';
import { type StoreLocation, shownLocation } from '../config/store-location.ts';
import type { Engine } from '../engines/engine.ts';
import type { KeyMemory } from '../engines/restic/key-memory.ts';
import type { Store } from '../stores/store.ts';
import { openStore } from './compose-store.ts';
import { cachedBy, cacheHome } from './compose-wrapped.ts';
import type { EngineHow } from './engine-how.ts';

/** Opens the repository. Throws `repository.missing`, `repository.wrong-password` and those of its secret and store. */
export async function openEngine(config: RepositoryConfig, how: EngineHow): Promise<Engine> {
  if (config.kind === 'mirror') {
    const { openMirrorEngine } = await import('./compose-mirror.ts');
    return await openMirrorEngine(config, { ...config.options, ...whoWorks(), clock: systemClock }, how);
  }
  if (config.kind === 'borg') return await (await import('./compose-borg.ts')).openBorgEngine(config, how);
  return config.kind === 'restic' ? await openResticEngine(config, how) : await openArchiveEngine(config, how);
}

/** The key is made from the password by another thread, while this one loads what speaks with the store. */
async function openResticEngine(config: ConfigOf<'restic'>, how: EngineHow): Promise<Engine> {
  const options = await resticOptions(config, how);
  const cache = { ...config.use.cache, use: how.cache && config.use.cache.use };
  const keyMemory = cache.use ? await openMemory(config.store, options.password) : undefined;
  return await withStore(config, how, async (store) => {
    const { openRestic } = await import('../engines/restic/open.ts');
    return await openRestic(store, { ...options, cached: cachedBy(cache, how.warn), keyMemory, ahead: how.ahead });
  });
}

async function openMemory(store: StoreLocation, password: string): Promise<KeyMemory> {
  const { openKeyMemory } = await import('../engines/restic/key-memory.ts');
  return openKeyMemory(join(cacheHome(), 'surety', 'keys'), shownLocation(store), password);
}

async function openArchiveEngine(config: ConfigOf<'archive'>, how: EngineHow): Promise<Engine> {
  return await withStore(config, how, async (store) => {
    const { openArchive } = await import('../engines/archive/open.ts');
    how.ahead?.begun();
    return await openArchive(store, archiveOptions(config, how), how);
  });
}

/** An engine owns its store once it is open. */
async function withStore(
  config: RepositoryConfig,
  how: EngineHow,
  open: (store: Store) => Promise<Engine>,
): Promise<Engine> {
  const store = await openStore(config.store, { ...how, use: config.use, create: false });
  try {
    return await open(store);
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

/** Makes the repository, with the folder it is in, and opens it; like another one where it can be. Throws `repository.exists`. */
export async function createEngine(
  config: RepositoryConfig,
  how: EngineHow & { readonly like?: Engine | undefined },
): Promise<Engine> {
  await initEngine(config, how, how.like);
  return await openEngine(config, how);
}

async function initEngine(config: RepositoryConfig, how: EngineHow, like: Engine | undefined): Promise<void> {
  switch (config.kind) {
    case 'restic': {
      const { initRestic } = await import('../engines/restic/open.ts');
      const options = await resticOptions(config, how);
      await using store = await openStore(config.store, { ...how, use: config.use, create: true });
      return await initRestic(store, options, like);
    }
    case 'borg':
      return await (await import('./compose-borg.ts')).initBorgEngine(config, how);
    case 'mirror': {
      const { initMirrorEngine } = await import('./compose-mirror.ts');
      return await initMirrorEngine(config, { ...config.options, ...whoWorks(), clock: systemClock }, how);
    }
    case 'archive': {
      const { initArchive } = await import('../engines/archive/open.ts');
      await using store = await openStore(config.store, { ...how, use: config.use, create: true });
      return await initArchive(store, archiveOptions(config, how), how);
    }
  }
}

type ConfigOf<Kind extends RepositoryConfig['kind']> = Extract<RepositoryConfig, { readonly kind: Kind }>;

/** Fetches what the repository is opened with, and forgets it. Throws what is wrong with it. */
export async function expectPassword(config: RepositoryConfig, how: EngineHow): Promise<void> {
  if (config.kind === 'restic') await resticOptions(config, how);
  if (config.kind === 'borg') await (await import('./compose-borg.ts')).borgOptions(config, how);
}

async function resticOptions({ name, options }: ConfigOf<'restic'>, how: EngineHow) {
  const password = await fetchSecret(options.password, { ...how, name: `password of repository ${name}` });
  return {
    password: password.reveal(),
    compressionLevel: options.compressionLevel,
    packSizeBytes: options.packSizeBytes,
    ...whoWorks(),
    signal: how.signal,
  };
}

/** The secret key is fetched when something is decrypted: where backups are made it need not be there. */
function archiveOptions({ name, options }: ConfigOf<'archive'>, how: EngineHow) {
  const { identity } = options;
  const fetched = { ...how, name: `identity of repository ${name}` };
  return {
    ...options,
    identity:
      identity && (({ signal }: { readonly signal: AbortSignal }) => fetchSecret(identity, { ...fetched, signal })),
    ...whoWorks(),
    clock: systemClock,
  };
}

function whoWorks() {
  return { host: hostName(), user: userName(), program: `surety ${programVersion()}` };
}

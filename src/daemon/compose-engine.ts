/** Opens and makes repositories. */
import { hostName, programVersion, userName } from '../base/environment.ts';
import type { RepositoryConfig } from '../config/config.ts';
import { fetchSecret } from '../config/secrets.ts';
import type { Engine } from '../engines/engine.ts';
import { openStore } from './compose-store.ts';

export interface EngineHow {
  readonly signal: AbortSignal;
  /** The configuration's folder. */
  readonly directory: string;
  readonly warn: (message: string) => void;
}

/** Opens the repository. Throws `repository.missing`, `repository.wrong-password` and those of its secret and store. */
export async function openEngine(config: RepositoryConfig, how: EngineHow): Promise<Engine> {
  const { openRestic } = await import('../engines/restic/open.ts');
  const store = await openStore(config.store, { create: false });
  try {
    return await openRestic(store, await resticOptions(config, how));
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

/** Makes the repository, with the folder it is in, and opens it. Throws `repository.exists`. */
export async function createEngine(config: RepositoryConfig, how: EngineHow): Promise<Engine> {
  const { initRestic } = await import('../engines/restic/open.ts');
  const options = await resticOptions(config, how);
  {
    await using store = await openStore(config.store, { create: true });
    await initRestic(store, options);
  }
  return await openEngine(config, how);
}

async function resticOptions({ name, options }: RepositoryConfig, how: EngineHow) {
  const password = await fetchSecret(options.password, { ...how, name: `password of repository ${name}` });
  return {
    password: password.reveal(),
    compressionLevel: options.compressionLevel,
    packSizeBytes: options.packSizeBytes,
    host: hostName(),
    user: userName(),
    program: `surety ${programVersion()}`,
    signal: how.signal,
  };
}

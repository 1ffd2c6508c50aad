/** Makes a new repository. */
import { systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { Engine } from '../engine.ts';
import { CONFIG_KEY, encodeConfig, newConfig } from './format/config.ts';
import type { OpenOptions } from './open-repository.ts';
import { keyOf, type Repository } from './repository.ts';
import { chunkerOf } from './repository-gear.ts';
import { createSealer } from './seal.ts';
import { newMasterKey, storeKey } from './unlock-key.ts';

/**
 * Makes a repository of format version 2 in an empty place. Throws `repository.exists` when there is one. The config is stored last and
 * only if there is still none, so that a killed or losing attempt leaves no more than a key file that nothing uses. `like`: cuts chunks as this
 * repository does, so that what is backed up into both is the same blobs, and copies of it cost nothing; one of another kind means nothing.
 */
export async function initRestic(store: Store, options: OpenOptions, like?: Engine): Promise<void> {
  const how = { signal: options.signal ?? new AbortController().signal };
  const { location } = store.traits;
  if ((await store.stat(CONFIG_KEY, how)) !== undefined) throw exists(location);
  const masterKey = newMasterKey();
  const keyHow = { ...how, identity: options, clock: options.clock ?? systemClock };
  const keyId = await storeKey(store, masterKey, options.password, keyHow);
  const config = createSealer(masterKey).seal(Buffer.from(encodeConfig(newConfig(undefined, chunkerLike(like)))));
  try {
    await store.put(CONFIG_KEY, config, { ...how, ifAbsent: true });
  } catch (error) {
    await store.delete(keyOf('keys', keyId), { signal: new AbortController().signal });
    throw hasCode(error, 'store.exists') ? exists(location) : error;
  }
}

function chunkerLike(like: Engine | undefined) {
  return like?.traits.kind === 'restic' && like.inner !== undefined ? chunkerOf(like.inner as Repository) : undefined;
}

function exists(location: string): SuretyError {
  return new SuretyError('repository.exists', `there is a repository at ${location} already`, {
    hint: 'use it as it is, or choose another place',
    details: { location },
  });
}

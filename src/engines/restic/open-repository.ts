/** Opens a repository with a password. */
import { availableParallelism } from 'node:os';
import { type Clock, systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { How, OpenAhead } from '../engine.ts';
import { CONFIG_KEY, decodeConfig } from './format/config.ts';
import { damaged } from './format/damaged.ts';
import type { KeyMemory } from './key-memory.ts';
import { keepListed, listAhead } from './listed-ahead.ts';
import { DEFAULT_PACK_SIZE_BYTES } from './options.ts';
import { createRepository, type Identity, type Repository } from './repository.ts';
import { createSealer } from './seal.ts';
import { unlockKey } from './unlock-key.ts';

/** More threads than this wait for the store, and each takes memory. */
const WORKERS_MAX = 8;

export interface OpenOptions extends Identity {
  readonly password: string;
  /** zstd level of what is written, 1 to 19. */
  readonly compressionLevel: number;
  readonly packSizeBytes?: number | undefined;
  /** Threads for the heavy work; undefined: as many as suit the machine. */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** The store with a cache for the repository of this id around it, which then is in the store's place. Default: the store itself. */
  readonly cached?: ((store: Store, id: string) => Promise<Store>) | undefined;
  /** What this machine remembers of the key that opened the repository; undefined: nothing. */
  readonly keyMemory?: KeyMemory | undefined;
  /** What the verb looks at first is listed while the key is made. */
  readonly ahead?: OpenAhead | undefined;
}

/**
 * Throws `repository.missing` when there is none, `repository.wrong-password`, `repository.version`, and `repository.damaged` when its
 * config or all of its keys can not be read.
 */
export async function openRepository(store: Store, options: OpenOptions): Promise<Repository> {
  const how = { signal: options.signal ?? new AbortController().signal };
  const { keyMemory, ahead } = options;
  const clock = options.clock ?? systemClock;
  const list = () => (ahead !== undefined && store.traits.remote ? listAhead(store, clock, how) : undefined);
  // A distant store answers all of them in the time of one; that there is no repository is said first.
  const unlocking = unlockKey(store, options.password, { ...how, keyMemory, deriving: ahead?.begun });
  unlocking.catch(() => {});
  // Where a key is remembered there was a repository.
  const early = keyMemory?.known === undefined ? undefined : list();
  const sealed = await readConfig(store, how);
  const listed = early ?? list();
  const { id: keyId, masterKey } = await unlocking;
  const plain = createSealer(masterKey).open(sealed);
  if (plain === undefined) throw damaged(CONFIG_KEY, 'it was not sealed with the key of this repository');
  const config = decodeConfig(plain);
  const repository = createRepository({
    store: (await options.cached?.(store, config.id)) ?? store,
    config,
    masterKey,
    keyId,
    level: options.compressionLevel,
    packSizeBytes: options.packSizeBytes ?? DEFAULT_PACK_SIZE_BYTES,
    workers: options.workers ?? Math.min(WORKERS_MAX, availableParallelism()),
    identity: { host: options.host, user: options.user, program: options.program },
    clock,
  });
  if (listed !== undefined) keepListed(repository, listed);
  return repository;
}

async function readConfig(store: Store, how: How): Promise<Uint8Array> {
  try {
    return await store.read(CONFIG_KEY, undefined, how);
  } catch (error) {
    if (!hasCode(error, 'store.not-found')) throw error;
    const { location } = store.traits;
    throw new SuretyError('repository.missing', `there is no repository at ${location}`, {
      hint: 'check the location and whether its disk is mounted; a new repository is made with surety init',
      cause: error,
      details: { location },
    });
  }
}

/** The restic engine: one file per verb, put together here. */
import type { Store } from '../../stores/store.ts';
import type { Engine, EngineTraits, OpenAhead } from '../engine.ts';
import { openPinBoard } from '../pin-files.ts';
import { serviceWitness } from '../service-witness.ts';
import { entries } from './entries.ts';
import { facts } from './facts.ts';
import { forget } from './forget.ts';
import { openKeyRing } from './keys.ts';
import { fetchIndexAhead } from './load-index.ts';
import { type OpenOptions, openRepository } from './open-repository.ts';
import { pinCoding } from './pin-coding.ts';
import { prune } from './prune.ts';
import { rebuildIndex } from './rebuild-index.ts';
import { keyOf } from './repository.ts';
import { findSnapshot, listSnapshots } from './snapshots.ts';
import { unlock } from './unlock.ts';

export { initRestic } from './init.ts';
export type { OpenOptions } from './open-repository.ts';

const CAN: EngineTraits['can'] = new Set(['cleanup', 'verify-data', 'keys', 'rebuild-index', 'unlock']);

/**
 * Opens a repository in restic's format. The engine owns the store from then on, and closes it when it is disposed of; when
 * opening fails the store stays the caller's. Errors: those of `openRepository`.
 */
export async function openRestic(store: Store, options: OpenOptions): Promise<Engine> {
  const { ahead } = options;
  const repository = await openRepository(store, { ...options, ahead: ahead && loadingAhead(ahead) });
  const { location } = store.traits;
  return {
    traits: {
      kind: 'restic',
      id: repository.config.id,
      location,
      deduplicates: true,
      encrypts: true,
      readsBackNew: false,
      can: CAN,
    },
    backup: async (reading, how) => (await import('./backup.ts')).backup(repository, reading, how),
    fetchAhead: (how) => fetchIndexAhead(repository, how),
    list: (how) => listSnapshots(repository, { ...how, kept: 'use' }),
    find: (prefix, how) => findSnapshot(repository, prefix, { ...how, kept: 'use' }),
    facts: (snapshot, how) => facts(repository, snapshot, how),
    entries: (snapshot, how) => entries(repository, snapshot, how),
    restore: async (snapshot, how) => (await import('./restore.ts')).restore(repository, snapshot, how),
    verify: async (how) => (await import('./verify.ts')).verify(repository, how),
    copyFrom: async (other, how) => (await import('./copy.ts')).copyFrom(repository, other, how),
    heal: async (how) => (await import('./heal.ts')).heal(repository, how),
    inner: repository,
    forget: (ids, how) => forget(repository, ids, how),
    prune: (how) => prune(repository, how),
    rebuildIndex: (how) => rebuildIndex(repository, how),
    unlock: (how) => unlock(repository, how),
    keys: openKeyRing(repository),
    service: serviceWitness(
      repository.store,
      {
        storedAt: async (how) =>
          new Map((await repository.files('snapshots', how)).map(({ id, modifiedAt }) => [id, modifiedAt])),
        keysOf: async (ids) => new Map(ids.map((id) => [id, keyOf('snapshots', id)])),
      },
      () => repository.clock.now(),
    ),
    pins: openPinBoard(repository.store, pinCoding(repository)),
    [Symbol.asyncDispose]: () => repository.store[Symbol.asyncDispose](),
  };
}

/** Loading takes this thread, which has nothing to do while other threads make the key. What fails is told when it is needed. */
function loadingAhead({ verb, begun }: OpenAhead): OpenAhead {
  return {
    verb,
    begun() {
      (verb === 'backup' ? import('./backup.ts') : import('./restore.ts')).catch(() => {});
      begun();
    },
  };
}

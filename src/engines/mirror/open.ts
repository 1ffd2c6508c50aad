/** The mirror engine: one file per verb, put together here. */
import { SuretyError } from '../../base/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { Engine, EngineTraits, How, KeyRing, PruneReport } from '../engine.ts';
import { backup } from './backup.ts';
import { forget } from './forget.ts';
import { findCopy, listCopies, recordOf } from './list.ts';
import { unlock } from './lock.ts';
import { readMarker, writeMarker } from './marker.ts';
import type { MirrorPlace } from './place.ts';
import type { OpenOptions, Repository } from './repository.ts';
import { entries, restore } from './restore.ts';
import { verify } from './verify.ts';

export type { OpenOptions } from './repository.ts';

const CAN: EngineTraits['can'] = new Set(['cleanup', 'verify-data', 'unlock']);

export interface MirrorSetup {
  /** For people. */
  readonly location: string;
  /** Where what is remembered of the copies is kept. */
  readonly records: Store;
  /** Where the copies are. */
  readonly place: MirrorPlace;
}

/** Makes a mirror. Throws `repository.exists`. */
export async function initMirror(records: Store, options: OpenOptions, how: How): Promise<void> {
  await writeMarker(records, options, how);
}

/**
 * Opens a mirror. The engine owns records and place from then on; when opening fails they stay the caller's. Throws
 * `repository.missing`, `repository.version` and `repository.damaged`.
 */
export async function openMirror(setup: MirrorSetup, options: OpenOptions, how: How): Promise<Engine> {
  const { location, records, place } = setup;
  const id = await readMarker(records, location, how);
  const repository: Repository = { ...options, ...{ id, location, records, place } };
  return {
    traits: {
      ...{ kind: 'mirror', id, location, can: CAN },
      ...{ deduplicates: false, encrypts: false, readsBackNew: false, replaces: true },
    },
    backup: (reading, how) => backup(repository, reading, how),
    list: (how) => listCopies(repository, how),
    find: (prefix, how) => findCopy(repository, prefix, how),
    facts: async (snapshot, how) => (await recordOf(repository, snapshot, how)).facts,
    entries: (snapshot, how) => entries(repository, snapshot, how),
    restore: (snapshot, how) => restore(repository, snapshot, how),
    verify: (how) => verify(repository, how),
    forget: (ids, how) => forget(repository, ids, how),
    prune: async () => NOTHING_TO_PRUNE,
    rebuildIndex: () => refuse('has no index'),
    unlock: (how) => unlock(repository, how),
    keys: KEYS,
    async [Symbol.asyncDispose]() {
      await place[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
    },
  };
}

/** A copy that is forgotten is gone at once. */
const NOTHING_TO_PRUNE: PruneReport = {
  ...{ packsKept: 0, packsRepacked: 0, packsRemoved: 0, repackedBytes: 0, freedBytes: 0 },
  ...{ remainingBytes: 0, remainingUnusedBytes: 0 },
};

async function refuse(why: string): Promise<never> {
  throw new SuretyError('repository.cannot', `a mirror ${why}`);
}

const KEYS: KeyRing = {
  list: () => refuse('has no keys'),
  add: () => refuse('has no keys'),
  remove: () => refuse('has no keys'),
  change: () => refuse('has no keys'),
};

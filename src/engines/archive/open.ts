/** The archive engine: one file per verb, put together here. */
import { SuretyError } from '../../base/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { Engine, EngineTraits, How, KeyRing } from '../engine.ts';
import { openPinBoard, type PinCoding } from '../pin-files.ts';
import { type SnapshotFiles, serviceWitness } from '../service-witness.ts';
import { facts } from './facts.ts';
import { forget } from './forget.ts';
import { readMarker, writeMarker } from './marker.ts';
import { prune } from './prune.ts';
import { type OpenOptions, type Repository, requireAdopted } from './repository.ts';
import { findSnapshot, listSnapshots, takeInventory } from './sidecars.ts';

export type { OpenOptions } from './repository.ts';

const CAN: EngineTraits['can'] = new Set(['cleanup', 'verify-data']);

/** Makes an `archive` repository: in an empty place, or around the backups that another program left there. Throws `repository.exists`. */
export async function initArchive(store: Store, options: OpenOptions, how: How): Promise<void> {
  if (options.recipients.length > 0) await (await import('./age.ts')).openEncrypter(options.recipients);
  await writeMarker(store, options, how);
}

/**
 * Opens a repository of plain files. The engine owns the store from then on, and closes it when it is disposed of; when
 * opening fails the store stays the caller's. Throws `repository.missing`, `repository.version`, `repository.damaged`.
 */
export async function openArchive(store: Store, options: OpenOptions, how: How): Promise<Engine> {
  const { id, adopted } = await readMarker(store, how);
  const repository: Repository = {
    ...options,
    ...{ store, id, adopted },
    known: new Map(),
    taken: new Set(),
    forgotten: new Set(),
    logging: { last: Promise.resolve() },
  };
  return {
    traits: traitsOf(repository),
    backup: async (reading, how) => (await import('./backup.ts')).backup(repository, reading, how),
    recordFailure: async (error, how) => (await import('./record-unread.ts')).recordUnread(repository, error, how),
    list: (how) => listSnapshots(repository, how),
    find: (prefix, how) => findSnapshot(repository, prefix, how),
    facts: (snapshot, how) => facts(repository, snapshot, how),
    async *entries(snapshot, how) {
      yield* (await import('./restore.ts')).entries(repository, snapshot, how);
    },
    restore: async (snapshot, how) => (await import('./restore.ts')).restore(repository, snapshot, how),
    verify: async (how) => (await import('./verify.ts')).verify(repository, how),
    copyFrom: async (other, how) => (await import('./copy.ts')).copyFrom(repository, other, how),
    heal: async (how) => (await import('./heal.ts')).heal(repository, how),
    inner: repository,
    forget: (ids, how) => forget(repository, ids, how),
    prune: (how) => prune(repository, how),
    rebuildIndex: () => refuse('has no index'),
    unlock: () => refuse('has no locks'),
    keys: KEYS,
    service: serviceWitness(store, snapshotFiles(repository), () => repository.clock.now()),
    pins: openPinBoard(store, PINS, () => requireAdopted(repository)),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function snapshotFiles(repository: Repository): SnapshotFiles {
  const sidecars = async (how: How) => (await takeInventory(repository, how)).backups.map(({ sidecar }) => sidecar);
  return {
    storedAt: async (how) => new Map((await sidecars(how)).map(({ id, stored }) => [id, stored.modifiedAt])),
    async keysOf(ids, how) {
      const wanted = new Set(ids);
      const found = (await sidecars(how)).filter(({ id }) => wanted.has(id));
      return new Map(found.map(({ id, stored }) => [id, stored.key]));
    },
  };
}

function traitsOf({ id, store, recipients }: Repository): EngineTraits {
  return {
    kind: 'archive',
    id,
    location: store.traits.location,
    deduplicates: false,
    encrypts: recipients.length > 0,
    readsBackNew: true,
    checksBeforeRestore: true,
    can: CAN,
  };
}

async function refuse(why: string): Promise<never> {
  throw new SuretyError('repository.cannot', `an archive repository ${why}`);
}

/** What is in a folder with a dot is no backup. */
const PINS: PinCoding = { folder: '.pins', encode: (json) => Buffer.from(json), decode: (bytes) => bytes };

const NO_KEYS = 'has no passwords: its recipients are in the configuration';
const KEYS: KeyRing = {
  list: () => refuse(NO_KEYS),
  add: () => refuse(NO_KEYS),
  remove: () => refuse(NO_KEYS),
  change: () => refuse(NO_KEYS),
};

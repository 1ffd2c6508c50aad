/** The borg engine: one file per verb, put together here. Everything is done by the program `borg`. */
import { SuretyError } from '../../base/errors.ts';
import type { Engine, EngineTraits, How, KeyRing } from '../engine.ts';
import { facts } from './document.ts';
import { keyRing } from './keys.ts';
import { KnownListing, markListing } from './known-listing.ts';
import { findSnapshot, listRepository, listSnapshots, namesIn } from './list.ts';
import { LookedInto } from './looked-into.ts';
import type { OpenOptions, Repository } from './repository.ts';
import { borgRun } from './run.ts';

export type { OpenOptions } from './repository.ts';

const CAN: EngineTraits['can'] = new Set(['cleanup', 'verify-data', 'unlock', 'change-key', 'export-key']);

/** Makes a repository. Throws `repository.exists`. */
export async function initBorg(options: OpenOptions, how: How): Promise<void> {
  const { encryption, password, place } = options;
  if (encryption !== 'none' && password === undefined) {
    throw new SuretyError('key.empty-password', `the repository in ${place.shown} needs a password`);
  }
  const args = ['init', '--encryption', encryption, '--make-parent-dirs'];
  await borgRun(options, args, { ...how, doing: `repository in ${place.shown}` });
}

/** Opens a repository. Throws `repository.missing`, `repository.wrong-password`, `repository.locked` and what keeps borg from it. */
export async function openBorg(options: OpenOptions, how: How): Promise<Engine> {
  const mark = await markListing(options);
  const listed = await listRepository(options, how);
  const { id, mode } = listed;
  const known = new KnownListing();
  known.keep(listed, mark, options);
  const remembered = {
    documents: new Map(listed.documents),
    names: new Set(namesIn(listed)),
    looked: new LookedInto(),
  };
  const repository: Repository = { ...options, ...{ id, mode, known, facts: new Map() }, ...remembered };
  return {
    traits: {
      ...{ kind: 'borg', id, location: options.place.shown, deduplicates: true },
      encrypts: /^(repokey|keyfile)/.test(mode),
      ...{ readsBackNew: false, readsInOrder: true, rereadsStreams: true, prunesUnseen: true, can: CAN },
    },
    backup: async (reading, how) => (await import('./backup.ts')).backup(repository, reading, how),
    list: async (how) => (await listSnapshots(repository, how)).listing,
    find: (prefix, how) => findSnapshot(repository, prefix, how),
    facts: (snapshot, how) => facts(repository, snapshot, how),
    async *entries(snapshot, how) {
      yield* (await import('./restore.ts')).entries(repository, snapshot, how);
    },
    restore: async (snapshot, how) => (await import('./restore.ts')).restore(repository, snapshot, how),
    verify: async (how) => (await import('./verify.ts')).verify(repository, how),
    forget: async (ids, how) => (await import('./forget.ts')).forget(repository, ids, how),
    prune: async (how) => (await import('./prune.ts')).prune(repository, how),
    rebuildIndex: refuseIndex,
    unlock: async (how) => (await import('./unlock.ts')).unlock(repository, how),
    keys: keyRing(repository) satisfies KeyRing,
    [Symbol.asyncDispose]: () => repository.looked[Symbol.asyncDispose](),
  };
}

async function refuseIndex(): Promise<never> {
  throw new SuretyError('repository.cannot', 'the index of a borg repository is borg’s own business', {
    hint: 'borg check --repair makes it anew',
  });
}

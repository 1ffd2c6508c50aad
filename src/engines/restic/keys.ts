/** The passwords of a repository. */
import { SuretyError } from '../../base/errors.ts';
import type { How, KeyInfo, KeyRing } from '../engine.ts';
import { nsToDate } from './format/time.ts';
import { withLock } from './locks.ts';
import type { Repository } from './repository.ts';
import { openKey, readKey, storeKey } from './unlock-key.ts';

export function openKeyRing(repository: Repository): KeyRing {
  let currentId = repository.keyId;
  return {
    list: (how) => listKeys(repository, currentId, how),
    add: (password, how) =>
      withLock(repository, { ...how, exclusive: false }, (signal) => addKey(repository, password, { signal })),
    remove: (id, how) =>
      withLock(repository, { ...how, exclusive: true }, (signal) => removeKey(repository, id, currentId, { signal })),
    change: (password, how) =>
      withLock(repository, { ...how, exclusive: true }, async (signal) => {
        const id = await addKey(repository, password, { signal });
        await repository.deleteFile('keys', currentId, { signal });
        currentId = id;
        return id;
      }),
  };
}

async function listKeys(repository: Repository, currentId: string, how: How): Promise<KeyInfo[]> {
  const keys: KeyInfo[] = [];
  for (const { id } of await repository.files('keys', how)) {
    const { user, host, createdNs } = await readKey(repository.store, id, how);
    keys.push({ id, user, host, created: nsToDate(createdNs), current: id === currentId });
  }
  return keys.sort((a, b) => a.created.getTime() - b.created.getTime());
}

/** Adds a key and opens it from the store, so that no other key is given up for one that does not work. */
async function addKey(repository: Repository, password: string, how: How): Promise<string> {
  const { store, masterKey } = repository;
  const id = await storeKey(store, masterKey, password, {
    ...how,
    identity: repository.identity,
    clock: repository.clock,
  });
  const opened = await openKey(await readKey(store, id, how), password, id);
  if (opened !== undefined && Buffer.compare(opened.encrypt, masterKey.encrypt) === 0) return id;
  await repository.deleteFile('keys', id, how);
  throw new SuretyError('repository.damaged', 'the new key could not be opened again, so it was removed', {
    hint: 'check the memory of this machine and the place of the repository',
  });
}

async function removeKey(repository: Repository, prefix: string, currentId: string, how: How): Promise<void> {
  const ids = (await repository.files('keys', how)).map((file) => file.id).filter((id) => id.startsWith(prefix));
  const [id] = ids;
  if (id === undefined || prefix === '') {
    throw new SuretyError('key.unknown', `there is no key ${prefix}`, { hint: 'list the keys to see their ids' });
  }
  if (ids.length > 1) {
    throw new SuretyError('key.unknown', `${ids.length} keys begin with ${prefix}`, { hint: 'give more of the id' });
  }
  if (id === currentId) {
    throw new SuretyError('key.in-use', `key ${id.slice(0, 8)} opened the repository and can not be removed`, {
      hint: 'open the repository with another password, or change this one',
    });
  }
  await repository.deleteFile('keys', id, how);
}

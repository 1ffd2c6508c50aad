/** The passwords a repository opens with. */
import { SuretyError } from '../base/errors.ts';
import type { Engine, KeyInfo, KeyRing } from '../engines/engine.ts';
import type { RepositoryHandle } from './handles.ts';

interface How {
  readonly signal: AbortSignal;
}

export async function listKeys(repository: RepositoryHandle, how: How): Promise<readonly KeyInfo[]> {
  return await (await keyRing(repository, how, 'change-key')).list(how);
}

/** Adds a password; the one in use stays valid. Returns the new key's id. */
export async function addKey(repository: RepositoryHandle, password: string, how: How): Promise<string> {
  return await (await keyRing(repository, how)).add(requirePassword(password), how);
}

/** Removes a key by its id or the beginning of it; never the one in use. */
export async function removeKey(repository: RepositoryHandle, id: string, how: How): Promise<string> {
  const keys = await keyRing(repository, how);
  const known = await keys.list(how);
  const matching = known.filter((key) => key.id.startsWith(id));
  if (matching.length !== 1) throw noSuchKey(repository, id, matching.length, known);
  await keys.remove(matching[0]!.id, how);
  return matching[0]!.id;
}

/** Replaces the password in use by a new one. Returns the new key's id. */
export async function changeKey(repository: RepositoryHandle, password: string, how: How): Promise<string> {
  return await (await keyRing(repository, how, 'change-key')).change(requirePassword(password), how);
}

/** The key as text: with the password it opens the repository when its own key is lost. */
export async function exportKey(repository: RepositoryHandle, how: How): Promise<string> {
  const engine = await repository.open(how);
  if (engine.keys.export !== undefined) return await engine.keys.export(how);
  throw new SuretyError('repository.cannot', `the keys of ${repository.name} (${repository.kind}) are not exported`, {
    hint: 'they are files of the repository, which a copy of it has as well',
  });
}

/** `enough`: what an engine with one password has, too. */
async function keyRing(repository: RepositoryHandle, how: How, enough?: 'change-key'): Promise<KeyRing> {
  const engine: Engine = await repository.open(how);
  const { can } = engine.traits;
  if (can.has('keys') || (enough !== undefined && can.has(enough))) return engine.keys;
  if (can.has('change-key')) {
    throw new SuretyError('repository.cannot', `repository ${repository.name} (${repository.kind}) has one password`, {
      hint: 'surety keys change replaces it',
    });
  }
  throw new SuretyError('repository.cannot', `repository ${repository.name} (${repository.kind}) has no keys`, {
    hint: 'only encrypted repositories have keys',
  });
}

function requirePassword(password: string): string {
  if (password !== '') return password;
  throw new SuretyError('key.empty-password', 'the new password is empty', {
    hint: 'give a password of at least one character',
  });
}

function noSuchKey(repository: RepositoryHandle, id: string, matching: number, known: readonly KeyInfo[]): SuretyError {
  const what = matching === 0 ? `has no key that starts with ${id}` : `has ${matching} keys that start with ${id}`;
  return new SuretyError('key.unknown', `repository ${repository.name} ${what}`, {
    hint: `its keys are ${known.map((key) => key.id.slice(0, 8)).join(', ')}`,
  });
}

/** The one passphrase of a repository. */
import { SuretyError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { How, KeyRing } from '../engine.ts';
import { withoutPlaceholders } from './place.ts';
import type { Repository } from './repository.ts';
import { borgRun, borgText } from './run.ts';

export function keyRing(repository: Repository): KeyRing {
  const one = { id: repository.id, user: '', host: '', created: new Date(0), current: true };
  return {
    list: async () => [one],
    add: () => refuse('a borg repository has one passphrase'),
    remove: () => refuse('a borg repository has one passphrase'),
    change: (password, how) => change(repository, password, how),
    export: (how) => exportKey(repository, how),
  };
}

async function change(repository: Repository, password: string, how: How): Promise<string> {
  requireKey(repository);
  if (password === '') throw new SuretyError('key.empty-password', 'the new password is empty');
  const env = { BORG_NEW_PASSPHRASE: password };
  await borgRun(repository, ['key', 'change-passphrase'], { ...how, doing: 'change of the passphrase', env });
  // This process goes on with the new one.
  Object.assign(repository, { password: new Secret(password) });
  return repository.id;
}

/** The key as text, which `borg key import` reads: it opens the repository together with the passphrase of now. */
async function exportKey(repository: Repository, how: How): Promise<string> {
  requireKey(repository);
  const where = withoutPlaceholders(repository.place.url);
  return await borgText(repository, ['key', 'export', where, '-'], { ...how, doing: 'export of the key' });
}

function requireKey({ mode, place }: Repository): void {
  if (mode === 'none') throw new SuretyError('repository.cannot', `the repository in ${place.shown} has no key`);
}

async function refuse(why: string): Promise<never> {
  throw new SuretyError('repository.cannot', why, { hint: 'surety keys change replaces it' });
}

/** Removes locks that a crashed run left in a repository. */
import { SuretyError } from '../base/errors.ts';
import type { RepositoryHandle } from './handles.ts';

/** Removes stale locks, or with `all` every lock, also those of running programs. Returns how many were removed. */
export async function unlock(
  repository: RepositoryHandle,
  how: { readonly signal: AbortSignal; readonly all: boolean },
): Promise<number> {
  const engine = await repository.open(how);
  if (engine.traits.can.has('unlock')) return await engine.unlock(how);
  throw new SuretyError('repository.cannot', `repository ${repository.name} (${repository.kind}) has no locks`);
}

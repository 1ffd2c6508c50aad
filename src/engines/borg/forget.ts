/** Removes archives. What only they needed stays until {@link import('./prune.ts')}. */
import type { How, KeptByLock } from '../engine.ts';
import { listSnapshots } from './list.ts';
import { archiveArgument } from './naming.ts';
import type { Repository } from './repository.ts';
import { borgRun } from './run.ts';

/** Words of one command line: far below what the system takes. */
const AT_ONCE = 500;

export async function forget(repository: Repository, ids: readonly string[], how: How): Promise<KeptByLock[]> {
  const wanted = new Set(ids);
  const { listing, checkpoints } = await listSnapshots(repository, how);
  const named = listing.snapshots.filter(({ id }) => wanted.has(id)).map(({ tree }) => tree);
  await deleteArchives(repository, [...named, ...checkpoints.filter((name) => wanted.has(name))], how);
  return [];
}

export async function deleteArchives(repository: Repository, names: readonly string[], how: How): Promise<void> {
  if (names.length > 0) repository.known.forget();
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const [first = '', ...rest] = names.slice(at, at + AT_ONCE);
    // Further names stand alone: they are of the repository of the first.
    const args = ['delete', archiveArgument(first), ...rest.map((name) => archiveArgument(name).slice(2))];
    await borgRun(repository, args, { ...how, doing: 'removal of archives' });
  }
}

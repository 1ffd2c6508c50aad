import { SuretyError } from '../../../base/errors.ts';
import type { How } from '../../engine.ts';
import type { Repository } from '../repository.ts';

/**
 * Asked before a snapshot is stored: what the backup did not store because an index named it must still be named. Only who is alone in the
 * repository removes index files, so that none goes unless locks were removed by force, or one was taken in the very moment this run took
 * its own. Throws `repository.lock-lost`.
 */
export async function confirmIndex(repository: Repository, relied: readonly string[], how: How): Promise<void> {
  const there = new Set((await repository.files('index', how)).map(({ id }) => id));
  const gone = relied.filter((id) => !there.has(id));
  if (gone.length === 0) return;
  throw new SuretyError(
    'repository.lock-lost',
    `another program removed ${gone.length} index files that this backup relied on`,
    { hint: 'run it again: it stores what is missing', details: { index: gone[0]! } },
  );
}

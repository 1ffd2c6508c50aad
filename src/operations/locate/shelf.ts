/** What repositories hold, read once to find something in it. */
import type { SuretyError } from '../../base/errors.ts';
import type { Engine, Snapshot } from '../../engines/engine.ts';
import { toSuretyError } from '../failure.ts';
import type { RepositoryHandle } from '../handles.ts';
import type { RecoveryPoint } from '../recovery-point.ts';
import { type Spoiled, spoiledOf } from './spoiled.ts';

/** One repository with all its snapshots, oldest first. */
export interface Shelf {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly snapshots: readonly Snapshot[];
}

/** Snapshots of one repository that were looked for. */
export interface Found {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  /** The recovery point that was meant, or undefined when a single snapshot was. */
  readonly point: RecoveryPoint | undefined;
  /** At least one; the members of the point in the order they were taken. */
  readonly snapshots: readonly Snapshot[];
}

/**
 * All repositories that can be read; the failure of the first that can not, a sentence for all that was not looked at, and the
 * backups that are no snapshots.
 */
export async function readShelves(repositories: readonly RepositoryHandle[], how: { readonly signal: AbortSignal }) {
  const shelves: Shelf[] = [];
  const unread: string[] = [];
  const spoiled: Spoiled[] = [];
  let failure: SuretyError | undefined;
  for (const repository of repositories) {
    try {
      const engine = await repository.open(how);
      const listing = await engine.list(how);
      const { snapshots, unreadable } = listing;
      shelves.push({ repository, engine, snapshots });
      spoiled.push(...spoiledOf(repository.name, listing));
      unread.push(...unreadable.map(({ error }) => `repository ${repository.name}: ${error.message}`));
    } catch (thrown) {
      how.signal.throwIfAborted();
      const error = toSuretyError(thrown, `repository ${repository.name}`, how.signal);
      failure ??= error;
      unread.push(error.message);
    }
  }
  return { shelves, failure, unread, spoiled };
}

/** A complete recovery point before an incomplete one, then the newer, then the repository that comes first. */
export function better(best: Found | undefined, one: Found): Found {
  if (best === undefined) return one;
  const complete = Number(one.point?.complete ?? true) - Number(best.point?.complete ?? true);
  const isBetter = complete !== 0 ? complete > 0 : timeOf(one) > timeOf(best);
  return isBetter ? one : best;
}

function timeOf(located: Found): number {
  return Math.max(...located.snapshots.map((snapshot) => snapshot.time.getTime()));
}

/** Which snapshots of which repositories a verification is of. */
import { hasCode } from '../base/errors.ts';
import type { Listing } from '../engines/engine.ts';
import type { RepositoryHandle } from './handles.ts';
import { locate, type Narrowed, toWanted } from './locate.ts';
import type { Looked } from './snapshot-results.ts';

export interface VerifyTarget {
  readonly repository: RepositoryHandle;
  /** `all` looks at what belongs to no snapshot as well. */
  readonly of: 'all' | { readonly ids: ReadonlySet<string> } | { readonly since: Date };
}

export interface Asked {
  readonly repositories: readonly RepositoryHandle[];
  /** Ids of snapshots or recovery points, or `latest`. */
  readonly ids: readonly string[];
  /** What `latest` is of. */
  readonly latest: Narrowed;
  /** Without ids: only what was taken since. */
  readonly since?: Date | undefined;
}

/**
 * What is meant by an id is verified in every repository that has it. Throws for ids that are nowhere: `snapshot.unknown`,
 * `snapshot.none`, `snapshot.ambiguous`.
 */
export async function verifyTargets(
  { repositories, ids, latest, since }: Asked,
  how: { readonly signal: AbortSignal },
): Promise<VerifyTarget[]> {
  if (ids.length === 0)
    return repositories.map((repository) => ({ repository, of: since === undefined ? 'all' : { since } }));
  const chosen = new Map<RepositoryHandle, Set<string>>();
  const choose = (repository: RepositoryHandle, id: string) => {
    chosen.set(repository, (chosen.get(repository) ?? new Set()).add(id));
  };
  for (const id of ids) {
    for (const one of await meant(id, repositories, { ...how, latest })) choose(one.repository, one.id);
  }
  return repositories.flatMap((repository) => {
    const own = chosen.get(repository);
    return own === undefined ? [] : [{ repository, of: { ids: own } }];
  });
}

interface Meant {
  readonly repository: RepositoryHandle;
  readonly id: string;
}

async function meant(
  id: string,
  repositories: readonly RepositoryHandle[],
  how: { readonly signal: AbortSignal; readonly latest: Narrowed },
): Promise<Meant[]> {
  try {
    const { members } = await locate(toWanted(id, how.latest), repositories, how);
    return members.flatMap(({ repository, snapshot, copies }) => [
      { repository, id: snapshot.id },
      ...copies.map((copy) => ({ repository: copy.repository, id: copy.snapshot.id })),
    ]);
  } catch (error) {
    if (!hasCode(error, 'snapshot.unknown') && !hasCode(error, 'snapshot.unreadable')) throw error;
    const unreadable = await unreadableWith(id, repositories, how);
    if (unreadable.length === 0) throw error;
    return unreadable;
  }
}

/** What can not be read is found by its id all the same: that it is bad is the answer. */
async function unreadableWith(
  prefix: string,
  repositories: readonly RepositoryHandle[],
  how: { readonly signal: AbortSignal },
): Promise<Meant[]> {
  const wanted = prefix.trim().toLowerCase();
  const found: Meant[] = [];
  for (const repository of repositories) {
    const { unreadable } = await (await repository.open(how)).list(how);
    const own = unreadable.filter(({ id }) => wanted !== '' && id.toLowerCase().startsWith(wanted));
    found.push(...own.map(({ id }) => ({ repository, id })));
  }
  return found;
}

/** The part of a listing that the target is of. */
export function lookedAt({ of }: VerifyTarget, { snapshots, unreadable }: Listing): Looked {
  if (of === 'all') return { snapshots, unreadable };
  if ('since' in of) return { snapshots: snapshots.filter(({ time }) => time >= of.since), unreadable };
  return {
    snapshots: snapshots.filter(({ id }) => of.ids.has(id)),
    unreadable: unreadable.filter(({ id }) => of.ids.has(id)),
  };
}

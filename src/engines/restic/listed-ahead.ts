/** Lists of a repository's files that were asked for while its key was made from the password: a distant store answers in that time. */
import type { Clock } from '../../base/clock.ts';
import type { How, Store } from '../../stores/store.ts';
import { type FileKind, listFiles, type Repository, type RepositoryFile } from './repository.ts';

/** What a backup and a restore look at first. Packs are not among them: they may be many, and are listed once the lock is there. */
const KINDS: readonly FileKind[] = ['locks', 'snapshots', 'index'];
/** After this they are no picture of the present any more. */
const FRESH_MS = 5000;

export interface ListedAhead {
  readonly lists: Map<FileKind, Promise<RepositoryFile[]>>;
  readonly atMs: number;
}

/** Begins to list. What fails is told when it is asked for. */
export function listAhead(store: Store, clock: Clock, how: How): ListedAhead {
  const lists = KINDS.map((kind) => [kind, listFiles(store, kind, how)] as const);
  for (const [, list] of lists) list.catch(() => undefined);
  return { lists: new Map(lists), atMs: clock.elapsedMs() };
}

const kept = new WeakMap<Repository, ListedAhead>();

export function keepListed(repository: Repository, listed: ListedAhead): void {
  kept.set(repository, listed);
}

/**
 * All files of a kind as they were some seconds ago, once; else as they are now. Only for who is not misled by what came or went in between: a
 * decision needs the present.
 */
export async function filesLately(repository: Repository, kind: FileKind, how: How): Promise<RepositoryFile[]> {
  const listed = kept.get(repository);
  const early = listed?.lists.get(kind);
  listed?.lists.delete(kind);
  const isFresh = listed !== undefined && repository.clock.elapsedMs() - listed.atMs < FRESH_MS;
  // One that failed is asked again, for the error of now.
  const found = isFresh ? await early?.catch(() => undefined) : undefined;
  return found ?? (await repository.files(kind, how));
}

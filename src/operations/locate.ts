/** Finds the snapshots a person means by an id, the beginning of one, or `latest`, in several repositories. */
import { hostName } from '../base/environment.ts';
import { SuretyError } from '../base/errors.ts';
import { listed, nearest } from '../base/nearest.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import { selectById } from '../rules/selection.ts';
import { toSuretyError } from './failure.ts';
import type { RepositoryHandle } from './handles.ts';
import { type RecoveryPoint, recoveryPoints } from './recovery-point.ts';

export type Wanted =
  /** A snapshot's id, a recovery point's id, or the beginning of one of them. */
  { readonly id: string } | Latest;

/** The newest of a source; without a source, the newest recovery point: a complete one if there is any. */
export interface Latest {
  readonly latest: true;
  readonly source: string | undefined;
  /** Only what was taken on this host. Without it: on {@link Latest.here} where several hosts have the source. */
  readonly host: string | undefined;
  /** Only what was taken at or before. */
  readonly at: Date | undefined;
  /** Name of this machine. */
  readonly here: string;
}

export interface Located {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  /** The recovery point that was meant, or undefined when a single snapshot was. */
  readonly point: RecoveryPoint | undefined;
  /** At least one; the members of the point in the order they were taken. */
  readonly snapshots: readonly Snapshot[];
}

interface Shelf {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly snapshots: readonly Snapshot[];
}

export type Narrowed = Partial<Pick<Latest, 'source' | 'host' | 'at'>>;

/** `latest` of what is asked for, or anything else as an id. */
export function toWanted(text: string, { source, host, at }: Narrowed = {}): Wanted {
  return text === 'latest' ? { latest: true, source, host, at, here: hostName() } : { id: text };
}

/**
 * Looks in all given repositories, in their order. Throws `snapshot.unknown` with the nearest ids as hint,
 * `snapshot.ambiguous`, `snapshot.none`, or, when nothing was found and a repository could not be read, that
 * repository's error.
 */
export async function locate(
  wanted: Wanted,
  repositories: readonly RepositoryHandle[],
  how: { readonly signal: AbortSignal },
): Promise<Located> {
  const { shelves, failure } = await readShelves(repositories, how);
  try {
    if ('latest' in wanted) return newest(wanted, shelves);
    return looksLikePoint(wanted.id) ? pointById(wanted.id, shelves) : snapshotById(wanted.id, shelves);
  } catch (notFound) {
    throw failure ?? notFound;
  }
}

async function readShelves(repositories: readonly RepositoryHandle[], how: { readonly signal: AbortSignal }) {
  const shelves: Shelf[] = [];
  let failure: SuretyError | undefined;
  for (const repository of repositories) {
    try {
      const engine = await repository.open(how);
      shelves.push({ repository, engine, snapshots: (await engine.list(how)).snapshots });
    } catch (thrown) {
      how.signal.throwIfAborted();
      failure ??= toSuretyError(thrown, `repository ${repository.name}`, how.signal);
    }
  }
  return { shelves, failure };
}

function snapshotById(id: string, shelves: readonly Shelf[]): Located {
  const owners = new Map<string, { readonly shelf: Shelf; readonly snapshot: Snapshot }>();
  for (const shelf of shelves) {
    for (const snapshot of shelf.snapshots) {
      if (!owners.has(snapshot.id)) owners.set(snapshot.id, { shelf, snapshot });
    }
  }
  const candidates = [...owners.values()].map(({ snapshot }) => snapshot);
  const { shelf, snapshot } = owners.get(selectById(candidates, id).id)!;
  return { repository: shelf.repository, engine: shelf.engine, point: undefined, snapshots: [snapshot] };
}

/** Ids of recovery points begin with a time; the hex digits of a snapshot's id never contain a T. */
function looksLikePoint(id: string): boolean {
  return /^\d{8}t/i.test(id);
}

function pointById(id: string, shelves: readonly Shelf[]): Located {
  const wanted = id.toUpperCase();
  const all = shelves.flatMap(pointsOf);
  const matching = all.filter(({ point }) => point?.id.toUpperCase().startsWith(wanted));
  const ids = new Set(matching.map(({ point }) => point!.id));
  if (ids.size > 1) {
    throw new SuretyError('snapshot.ambiguous', `${ids.size} recovery points have an id that starts with ${id}`, {
      hint: `type more of it: ${listed([...ids].slice(0, 5), 'or')}`,
    });
  }
  const best = matching.reduce<Located | undefined>(better, undefined);
  if (best !== undefined) return best;
  const near = nearest(
    id,
    all.map(({ point }) => point!.id),
  );
  throw new SuretyError('snapshot.unknown', `there is no recovery point whose id starts with "${id}"`, {
    hint: near.length > 0 ? `did you mean ${listed(near, 'or')}` : 'see surety list for the ids there are',
  });
}

function pointsOf({ repository, engine, snapshots }: Shelf): Located[] {
  const points = recoveryPoints(snapshots.filter((snapshot) => snapshot.recoveryPoint !== ''));
  return points.map((point) => ({ repository, engine, point, snapshots: point.members }));
}

function newest(wanted: Latest, shelves: readonly Shelf[]): Located {
  const isCandidate = candidateTest(wanted, shelves);
  const candidates = shelves.flatMap(({ repository, engine, snapshots }): Located[] => {
    const fitting = snapshots.filter(isCandidate);
    if (wanted.source === undefined) {
      const points = recoveryPoints(fitting);
      const point = points.findLast((one) => one.complete) ?? points.at(-1);
      return point === undefined ? [] : [{ repository, engine, point, snapshots: point.members }];
    }
    const snapshot = fitting.at(-1);
    return snapshot === undefined ? [] : [{ repository, engine, point: undefined, snapshots: [snapshot] }];
  });
  const best = candidates.reduce<Located | undefined>(better, undefined);
  if (best === undefined) throw noneYet(wanted, shelves);
  return best;
}

/** Which snapshots `latest` may mean. Throws `snapshot.ambiguous` when only a guess could choose between hosts. */
function candidateTest(wanted: Latest, shelves: readonly Shelf[]): (snapshot: Snapshot) => boolean {
  const all = shelves.flatMap((shelf) => shelf.snapshots).filter((snapshot) => isOf(snapshot, wanted));
  // What another program put into the repository is meant only when there is nothing else.
  const foreign = all.every((snapshot) => snapshot.source === '');
  const known = all.filter((snapshot) => foreign || snapshot.source !== '');
  const host = wanted.host ?? hostMeant(wanted, [...new Set(known.map((snapshot) => snapshot.host))]);
  const limit = wanted.at?.getTime() ?? Number.POSITIVE_INFINITY;
  return (snapshot) =>
    isOf(snapshot, wanted) &&
    (foreign || snapshot.source !== '') &&
    (host === undefined || snapshot.host === host) &&
    snapshot.time.getTime() <= limit;
}

function isOf(snapshot: Snapshot, { source }: Latest): boolean {
  return source === undefined || snapshot.source === source;
}

function hostMeant({ here, source }: Latest, hosts: readonly string[]): string | undefined {
  if (hosts.length < 2) return undefined;
  if (hosts.includes(here)) return here;
  const what = source === undefined ? 'there are snapshots' : `source ${source} has snapshots`;
  throw new SuretyError('snapshot.ambiguous', `${what} of the hosts ${listed(hosts, 'and')}, and this is ${here}`, {
    hint: 'choose one with --host, or give an id',
  });
}

/** A complete recovery point before an incomplete one, then the newer, then the repository that comes first. */
function better(best: Located | undefined, one: Located): Located {
  if (best === undefined) return one;
  const complete = Number(one.point?.complete ?? true) - Number(best.point?.complete ?? true);
  const isBetter = complete !== 0 ? complete > 0 : timeOf(one) > timeOf(best);
  return isBetter ? one : best;
}

function timeOf(located: Located): number {
  return Math.max(...located.snapshots.map((snapshot) => snapshot.time.getTime()));
}

function noneYet(wanted: Latest, shelves: readonly Shelf[]): SuretyError {
  const { source, host, at } = wanted;
  const fitting = shelves
    .flatMap((shelf) => shelf.snapshots)
    .filter((one) => isOf(one, wanted) && (host === undefined || one.host === host));
  const of = source === undefined ? '' : ` of source ${source}`;
  const what = `there is no snapshot${of}${host === undefined ? '' : ` of host ${host}`}`;
  const oldest = fitting.toSorted((left, right) => left.time.getTime() - right.time.getTime())[0];
  if (oldest === undefined || at === undefined) {
    return new SuretyError('snapshot.none', what, {
      hint: 'make one with surety backup; surety list shows what there is',
    });
  }
  return new SuretyError('snapshot.none', `${what} at or before ${at.toISOString()}`, {
    hint: `the oldest one is ${oldest.id.slice(0, 8)} of ${oldest.time.toISOString().slice(0, 19)}Z`,
  });
}

/** Finds the snapshots a person means by an id, the beginning of one, or `latest`, in several repositories. */
import { hostName } from '../base/environment.ts';
import { hasCode, SuretyError } from '../base/errors.ts';
import { listed, nearest } from '../base/nearest.ts';
import { shortId } from '../base/short-id.ts';
import type { Snapshot } from '../engines/engine.ts';
import { selectById } from '../rules/selection.ts';
import { givenName } from './given-name.ts';
import type { RepositoryHandle } from './handles.ts';
import { type Latest, newest } from './locate/latest.ts';
import { type LocatedMember, membersOf } from './locate/point-copies.ts';
import { better, type Found, readShelves, type Shelf } from './locate/shelf.ts';
import { spoiledBy, spoiledError } from './locate/spoiled.ts';
import { recoveryPoints } from './recovery-point.ts';

export type Wanted =
  /** A snapshot's id, a recovery point's id, or the beginning of one of them. */
  { readonly id: string } | Latest;

export interface Located extends Found {
  /** The snapshots, and those members of the recovery point that only other repositories have, each with its copies. */
  readonly members: readonly LocatedMember[];
  /** For `latest`: other sources that have snapshots, none of them in this recovery point. */
  readonly elsewhere: readonly string[];
  /** For people: why it is not what they may expect. */
  readonly notes: readonly string[];
  /** Repositories and snapshots that could not be looked at: what was meant may be among them. */
  readonly unread: readonly string[];
}

export type Narrowed = Partial<Pick<Latest, 'source' | 'host' | 'at' | 'proven' | 'isDamaged' | 'here'>>;

/** `latest` of what is asked for, or anything else as an id. */
export function toWanted(
  text: string,
  { source, host, at, here = new Set([hostName()]), ...rest }: Narrowed = {},
): Wanted {
  return text === 'latest' ? { latest: true, source, host, at, ...rest, here } : { id: text };
}

/**
 * Looks in all given repositories, in their order. Throws `snapshot.unknown` with the nearest ids as hint,
 * `snapshot.ambiguous`, `snapshot.none`, `snapshot.failed` and `snapshot.unreadable` for what is no snapshot, or, when nothing was found and a repository could not be read, that
 * repository's error.
 */
export async function locate(
  wanted: Wanted,
  repositories: readonly RepositoryHandle[],
  how: { readonly signal: AbortSignal },
): Promise<Located> {
  const { shelves, failure, unread, spoiled } = await readShelves(repositories, how);
  const other = 'latest' in wanted ? undefined : spoiledBy(wanted.id, spoiled);
  try {
    const sound = withoutDamaged(wanted, shelves);
    const found = choose(wanted, sound);
    if (other !== undefined && isMeant(other.id, wanted) && !isMeant(found.snapshots[0]?.id, wanted)) {
      throw spoiledError(other);
    }
    const newer = sound === shelves ? found : choose(wanted, shelves);
    const notes = pointOf(newer) === pointOf(found) ? [] : [passedOver(newer)];
    const members = membersOf(found, sound);
    const elsewhere = 'latest' in wanted && found.point !== undefined ? sourcesBeside(members, shelves) : [];
    return { ...found, members, elsewhere, unread, notes };
  } catch (error) {
    const isAmbiguous = hasCode(error, 'snapshot.ambiguous');
    if (other !== undefined && (isAmbiguous ? isMeant(other.id, wanted) : hasCode(error, 'snapshot.unknown'))) {
      throw spoiledError(other);
    }
    // More than one was found: that stays so, whatever else could be read.
    if (isAmbiguous) throw error;
    throw failure ?? withUnread(error, unread);
  }
}

/** What is not found may be among what can not be read. */
function withUnread(error: unknown, unread: readonly string[]): unknown {
  const [first] = unread;
  if (!(error instanceof SuretyError) || !hasCode(error, 'snapshot.none', 'snapshot.unknown')) return error;
  if (first === undefined) return error;
  const { code, message, hint, retry, details, cause } = error;
  const count = unread.length === 1 ? 'one snapshot' : `${unread.length} snapshots`;
  return new SuretyError(code, `${message}; but ${count} can not be read`, {
    ...{ hint: [first, hint].filter(Boolean).join('; '), retry, details, cause },
  });
}

function sourcesBeside(members: readonly LocatedMember[], shelves: readonly Shelf[]): string[] {
  const own = new Set(members.map(({ snapshot }) => snapshot.source));
  const all = new Set(shelves.flatMap(({ snapshots }) => snapshots.map(({ source }) => source)));
  return [...all].filter((source) => source !== '' && !own.has(source)).sort();
}

/** The beginning of an id can be another one's whole id. */
function isMeant(id: string | undefined, wanted: Wanted): boolean {
  return 'id' in wanted && id?.toLowerCase() === wanted.id.trim().toLowerCase();
}

/** All of them where nothing would be left. */
function withoutDamaged(wanted: Wanted, shelves: readonly Shelf[]): readonly Shelf[] {
  const isDamaged = 'latest' in wanted ? wanted.isDamaged : undefined;
  if (isDamaged === undefined) return shelves;
  const sound = shelves.map((shelf) => ({
    ...shelf,
    snapshots: shelf.snapshots.filter(({ id }) => !isDamaged(shelf.repository.name, id)),
  }));
  try {
    choose(wanted, sound);
    return sound;
  } catch (error) {
    if (hasCode(error, 'snapshot.none')) return shelves;
    throw error;
  }
}

/** The same in every repository that has it. */
function pointOf({ point, snapshots: [first] }: Found): string {
  return point?.id ?? (first?.recoveryPoint || first?.id || '');
}

function passedOver(found: Found): string {
  return `${shortId(pointOf(found))} is newer, but the last verification found it damaged`;
}

function choose(wanted: Wanted, shelves: readonly Shelf[]): Found {
  if ('latest' in wanted) return newest(wanted, shelves);
  if (!looksLikePoint(wanted.id)) return snapshotById(wanted.id, shelves);
  try {
    return pointById(wanted.id, shelves);
  } catch (error) {
    // A template can begin the names of archives, which are ids of snapshots, with a time as well.
    const archives = shelves.map((shelf) => ({ ...shelf, snapshots: shelf.snapshots.filter(isNamed(wanted.id)) }));
    if (!hasCode(error, 'snapshot.unknown') || archives.every(({ snapshots }) => snapshots.length === 0)) throw error;
    return snapshotById(wanted.id, archives);
  }
}

function snapshotById(id: string, shelves: readonly Shelf[]): Found {
  const owners = new Map<string, { readonly shelf: Shelf; readonly snapshot: Snapshot }>();
  for (const shelf of shelves) {
    for (const snapshot of shelf.snapshots) {
      if (!owners.has(snapshot.id)) owners.set(snapshot.id, { shelf, snapshot });
    }
  }
  const candidates = [...owners.values()].map(({ snapshot }) => snapshot);
  const { shelf, snapshot } = owners.get((namedSnapshot(candidates, id) ?? selected(candidates, id)).id)!;
  return { repository: shelf.repository, engine: shelf.engine, point: undefined, snapshots: [snapshot] };
}

/** Names of sources are no ids, and who gives one means the newest. */
function selected(candidates: readonly Snapshot[], id: string): Snapshot {
  try {
    return selectById(candidates, id);
  } catch (error) {
    if (!hasCode(error, 'snapshot.unknown') || !candidates.some(({ source }) => source === id)) throw error;
    throw new SuretyError(error.code, error.message, {
      hint: `${id} is a source: its newest is latest --source ${id}`,
    });
  }
}

/** The one that has been given this name, or alone one that begins so. What begins several ids or names is left to the ids. */
function namedSnapshot(candidates: readonly Snapshot[], name: string): Snapshot | undefined {
  const wanted = name.trim();
  if (wanted === '' || candidates.some(({ id }) => id.startsWith(wanted.toLowerCase()))) return undefined;
  const named = candidates.filter((one) => givenName(one)?.startsWith(wanted) === true);
  const exact = named.find((one) => givenName(one) === wanted);
  if (exact !== undefined || named.length < 2) return exact ?? named[0];
  throw new SuretyError('snapshot.ambiguous', `${named.length} snapshots have a name that starts with ${wanted}`, {
    hint: `type more of it: ${listed(
      named.slice(0, 5).flatMap((one) => givenName(one) ?? []),
      'or',
    )}`,
  });
}

function isNamed(prefix: string): (snapshot: Snapshot) => boolean {
  const wanted = prefix.trim().toUpperCase();
  return (one) => [one.id, givenName(one) ?? ''].some((text) => text.toUpperCase().startsWith(wanted));
}

/** Ids of recovery points begin with a time; the hex digits of a snapshot's id never contain a T. */
function looksLikePoint(id: string): boolean {
  return /^\d{8}t/i.test(id);
}

function pointById(id: string, shelves: readonly Shelf[]): Found {
  const wanted = id.toUpperCase();
  const all = shelves.flatMap(pointsOf);
  const matching = all.filter(({ point }) => point?.id.toUpperCase().startsWith(wanted));
  const ids = new Set(matching.map(({ point }) => point!.id));
  if (ids.size > 1) {
    throw new SuretyError('snapshot.ambiguous', `${ids.size} recovery points have an id that starts with ${id}`, {
      hint: `type more of it: ${listed([...ids].slice(0, 5), 'or')}`,
    });
  }
  const best = matching.reduce<Found | undefined>(better, undefined);
  if (best !== undefined) return best;
  const near = nearest(
    id,
    all.map(({ point }) => point!.id),
  );
  throw new SuretyError('snapshot.unknown', `there is no recovery point whose id starts with "${id}"`, {
    hint: near.length > 0 ? `did you mean ${listed(near, 'or')}` : 'see surety list for the ids there are',
  });
}

function pointsOf({ repository, engine, snapshots }: Shelf): Found[] {
  const points = recoveryPoints(snapshots.filter((snapshot) => snapshot.recoveryPoint !== ''));
  return points.map((point) => ({ repository, engine, point, snapshots: point.members }));
}

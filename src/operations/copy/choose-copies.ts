/** Which snapshots are copied, from where, and in which order. */
import { SuretyError } from '../../base/errors.ts';
import { shortId } from '../../base/short-id.ts';
import type { Engine, Snapshot } from '../../engines/engine.ts';
import { givenName } from '../given-name.ts';
import type { RepositoryHandle } from '../handles.ts';
import { decideRepository, type KeepFor } from '../keep-decision.ts';
import type { IsDamaged } from '../known-damage.ts';
import { readShelves, type Shelf } from '../locate/shelf.ts';
import { locate, toWanted } from '../locate.ts';
import { recoveryPoints } from '../recovery-point.ts';
import { isSameSnapshot, samenessKey } from '../same-snapshot.ts';

export type WantedCopies =
  /** Ids of snapshots or recovery points, their beginnings, or `latest`, of a source or host where these are given. */
  | {
      readonly ids: readonly string[];
      readonly source?: string | undefined;
      readonly host?: string | undefined;
    }
  /** What the other repository lacks. */
  | {
      /** Only of these sources; undefined: all, also what other programs made. */
      readonly sources?: readonly string[] | undefined;
      readonly since?: Date | undefined;
      /** What is kept there: what it would let go at once is not copied. Undefined: that does not matter. */
      readonly keep?: readonly KeepFor[] | undefined;
    };

/** One place where a snapshot is stored. */
export interface CopyPlace {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly snapshot: Snapshot;
}

export interface ChosenCopy {
  /** At least one: those that are not known to be damaged first, then in the order of the repositories. */
  readonly places: readonly [CopyPlace, ...CopyPlace[]];
  /** False for a member of a recovery point that lacks others. */
  readonly complete: boolean;
}

export interface ChosenCopies {
  /** To be copied, in this order. */
  readonly copies: readonly ChosenCopy[];
  /** How many are there already. */
  readonly present: number;
  /** How many are not copied, because what is kept there would let them go. */
  readonly passedOver: number;
  /** Repositories and snapshots that could not be looked at. */
  readonly unread: readonly string[];
}

export interface ChoosingHow {
  readonly signal: AbortSignal;
  readonly now: Date;
  readonly isDamaged: IsDamaged;
  readonly oldestFirst: boolean;
  /** Whether what is stored there takes the place of what was: then an older snapshot never comes after a newer one. */
  readonly onlyNewest?: boolean;
}

/**
 * Complete recovery points go first, the newest of them before all others, each in the order in which it was taken; then what is left of incomplete ones.
 * Throws for ids that are not there, and the failure of a repository when none could be read.
 */
export async function chooseCopies(
  wanted: WantedCopies,
  from: readonly RepositoryHandle[],
  there: readonly Snapshot[],
  how: ChoosingHow,
): Promise<ChosenCopies> {
  const { found, unread } = 'ids' in wanted ? await byIds(wanted, from, how) : await allOf(from, how);
  const sorted = inOrder(merge(found), how);
  const presence = presenceIn(there);
  const missing = sorted.filter(({ places: [{ snapshot }] }) => !presence.has(snapshot));
  if ('ids' in wanted) {
    if (how.onlyNewest === true) for (const { places } of missing) expectSource(places[0].snapshot);
    return { copies: missing, present: sorted.length - missing.length, passedOver: 0, unread };
  }
  const isWanted = ({ places: [{ snapshot }] }: ChosenCopy) =>
    (wanted.sources === undefined || wanted.sources.includes(snapshot.source)) &&
    (wanted.since === undefined || snapshot.time >= wanted.since);
  const asked = sorted.filter(isWanted);
  const lacking = missing.filter(isWanted);
  const worth = wanted.keep === undefined ? lacking : worthKeeping(lacking, there, wanted.keep, how.now);
  const copies = how.onlyNewest === true ? newestOf(worth, there) : worth;
  return { copies, present: asked.length - lacking.length, passedOver: lacking.length - copies.length, unread };
}

interface FoundPlaces {
  readonly found: readonly CopyPlace[];
  readonly unread: readonly string[];
}

async function byIds(
  { ids, source, host }: Extract<WantedCopies, { readonly ids: readonly string[] }>,
  from: readonly RepositoryHandle[],
  how: ChoosingHow,
): Promise<FoundPlaces> {
  const found: CopyPlace[] = [];
  const unread = new Set<string>();
  for (const id of ids) {
    const located = await locate(toWanted(id, { source, host, isDamaged: how.isDamaged }), from, how);
    for (const one of located.unread) unread.add(one);
    for (const member of located.members) found.push(member, ...member.copies);
  }
  return { found, unread: [...unread] };
}

async function allOf(from: readonly RepositoryHandle[], how: ChoosingHow): Promise<FoundPlaces> {
  const { shelves, failure, unread } = await readShelves(from, how);
  if (shelves.length === 0 && failure !== undefined) throw failure;
  return { found: shelves.flatMap(placesOn), unread };
}

function placesOn({ repository, engine, snapshots }: Shelf): CopyPlace[] {
  return snapshots.map((snapshot) => ({ repository, engine, snapshot }));
}

/** The places of each snapshot. */
function merge(found: readonly CopyPlace[]): [CopyPlace, ...CopyPlace[]][] {
  const byKey = new Map<string, [CopyPlace, ...CopyPlace[]][]>();
  for (const place of found) {
    const key = samenessKey(place.snapshot);
    const groups = byKey.get(key) ?? [];
    byKey.set(key, groups);
    const same = groups.find(([{ snapshot }]) => isSameSnapshot(snapshot, place.snapshot));
    if (same === undefined) groups.push([place]);
    else if (!same.some(({ repository }) => repository.name === place.repository.name)) same.push(place);
  }
  return [...byKey.values()].flat();
}

function inOrder(
  merged: readonly [CopyPlace, ...CopyPlace[]][],
  { isDamaged, oldestFirst }: Pick<ChoosingHow, 'isDamaged' | 'oldestFirst'>,
): ChosenCopy[] {
  const byFirst = new Map(merged.map((places) => [places[0].snapshot, places]));
  const points = recoveryPoints([...byFirst.keys()].sort((left, right) => left.time.getTime() - right.time.getTime()));
  const newestFirst = oldestFirst ? points : points.toReversed();
  const ordered = [
    ...newestFirst.filter(({ complete }) => complete),
    ...newestFirst.filter(({ complete }) => !complete),
  ];
  return ordered.flatMap(({ members, complete }) =>
    members.map((snapshot) => ({ places: soundFirst(byFirst.get(snapshot)!, isDamaged), complete })),
  );
}

function soundFirst(places: readonly [CopyPlace, ...CopyPlace[]], isDamaged: IsDamaged): [CopyPlace, ...CopyPlace[]] {
  const rank = ({ repository, snapshot }: CopyPlace) => Number(isDamaged(repository.name, snapshot.id));
  return places.toSorted((left, right) => rank(left) - rank(right)) as [CopyPlace, ...CopyPlace[]];
}

function presenceIn(there: readonly Snapshot[]): { has(snapshot: Snapshot): boolean } {
  const byKey = Map.groupBy(there, samenessKey);
  return {
    has: (snapshot) => (byKey.get(samenessKey(snapshot)) ?? []).some((other) => isSameSnapshot(other, snapshot)),
  };
}

/** What replaces what was there has a place for each source. */
function expectSource(snapshot: Snapshot): void {
  if (snapshot.source !== '') return;
  const name = givenName(snapshot) ?? shortId(snapshot.id);
  throw new SuretyError(
    'repository.cannot',
    `${name} was not made by Surety, and a mirror has a folder for each source`,
    {
      hint: 'restore it with surety restore ID --target DIR, or copy it into another kind of repository',
    },
  );
}

/** The newest of each source, unless one that is there is newer. What another program made has no source. */
function newestOf(copies: readonly ChosenCopy[], there: readonly Snapshot[]): readonly ChosenCopy[] {
  const all = [...there, ...copies.map(({ places: [{ snapshot }] }) => snapshot)];
  const isLatest = ({ source, time }: Snapshot) => !all.some((one) => one.source === source && one.time > time);
  return copies.filter(({ places: [{ snapshot }] }) => snapshot.source !== '' && isLatest(snapshot));
}

/** Without those that the next cleanup there would take away again. */
function worthKeeping(
  copies: readonly ChosenCopy[],
  there: readonly Snapshot[],
  keep: readonly KeepFor[],
  now: Date,
): readonly ChosenCopy[] {
  const own = copies.map(({ places: [{ snapshot }] }) => snapshot);
  const snapshots = [...there, ...own].sort((left, right) => left.time.getTime() - right.time.getTime());
  const patient = keep.map((one) => ({ ...one, newestWithinMs: undefined }));
  const { remove } = decideRepository({ snapshots, unreadable: [] }, patient, { now, proven: new Set() });
  const going = new Set(remove.map(({ snapshot }) => snapshot));
  return copies.filter(({ places: [{ snapshot }] }) => !going.has(snapshot));
}

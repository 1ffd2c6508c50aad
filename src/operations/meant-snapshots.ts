/** Which snapshots of which repositories a person means by ids, where each of these may be in several. */
import { hasCode } from '../base/errors.ts';
import type { Engine, Listing, Snapshot } from '../engines/engine.ts';
import type { RepositoryHandle } from './handles.ts';
import { locate, type Wanted } from './locate.ts';

export interface Going {
  readonly id: string;
  /** '' where it is not known. */
  readonly source: string;
  /** Undefined for what can not be read. */
  readonly time: Date | undefined;
  readonly what: 'snapshot' | 'unreadable' | 'failure';
}

/** A repository with all that is in it. */
export interface Place {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly listing: Listing;
}

export async function openPlaces(
  repositories: readonly RepositoryHandle[],
  how: { readonly signal: AbortSignal },
): Promise<Place[]> {
  const places: Place[] = [];
  for (const repository of repositories) {
    const engine = await repository.open(how);
    places.push({ repository, engine, listing: await engine.list(how) });
  }
  return places;
}

export interface Meant {
  readonly place: Place;
  readonly going: readonly Going[];
}

/** Throws `snapshot.unknown` and `snapshot.ambiguous`. What is no snapshot is among it where nothing else has that id. */
export async function meant(
  id: string,
  places: readonly Place[],
  how: { readonly signal: AbortSignal },
  wanted: Wanted = { id },
): Promise<Meant[]> {
  try {
    const { point, snapshots } = await locate(wanted, handlesOf(places), how);
    const isMeant = ({ recoveryPoint, id: own }: Snapshot) =>
      point === undefined ? own === snapshots[0]?.id : recoveryPoint === point.id;
    return withSome(places, ({ snapshots: all }) =>
      all.filter(isMeant).map(({ id, source, time }) => ({ id, source, time, what: 'snapshot' as const })),
    );
  } catch (error) {
    if (!['snapshot.unknown', 'snapshot.unreadable', 'snapshot.failed'].some((code) => hasCode(error, code)))
      throw error;
    const others = withSome(places, (listing) => othersWith(id, listing));
    if (others.length === 0) throw error;
    return others;
  }
}

/** Listed once is enough. */
function handlesOf(places: readonly Place[]): RepositoryHandle[] {
  return places.map(({ repository, engine, listing }) => {
    const known = new Proxy(engine, {
      get: (target, key) => (key === 'list' ? async () => listing : Reflect.get(target, key, target)),
    });
    return { ...repository, open: async () => known };
  });
}

function withSome(places: readonly Place[], goingOf: (listing: Listing) => Going[]): Meant[] {
  return places.flatMap((place) => {
    const going = goingOf(place.listing);
    return going.length === 0 ? [] : [{ place, going }];
  });
}

/** What is no snapshot: that can not be read, and records of failed backups, by their whole ids or enough of a hash. */
function othersWith(text: string, { unreadable, failures = [] }: Listing): Going[] {
  const wanted = text.trim().toLowerCase();
  const broken = unreadable.filter(({ id }) => id === wanted || (wanted.length >= 8 && id.startsWith(wanted)));
  const failed = failures.filter(({ id }) => id.toLowerCase() === wanted);
  return [
    ...broken.map(({ id }): Going => ({ id, source: '', time: undefined, what: 'unreadable' })),
    ...failed.map(({ id, source, time }): Going => ({ id, source, time, what: 'failure' })),
  ];
}

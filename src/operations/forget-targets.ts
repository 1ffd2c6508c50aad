/** Which snapshots of which repositories a person wants removed, and whether they can be spared. */
import { hasCode, SuretyError } from '../base/errors.ts';
import { listed } from '../base/nearest.ts';
import { shortId } from '../base/short-id.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine, Listing, Snapshot } from '../engines/engine.ts';
import { seriesKey } from '../rules/series.ts';
import type { RepositoryHandle } from './handles.ts';
import { locate } from './locate.ts';
import { HOLD_TAG } from './pinned-snapshots.ts';
import { snapshotStates } from './snapshot-states.ts';

export interface ForgetTargets {
  readonly repositories: readonly RepositoryHandle[];
  /** Whether these repositories were named: then what is meant goes from each of them. */
  readonly named: boolean;
  /** Ids of snapshots, recovery points or records of failed backups, or the beginnings of such. */
  readonly ids: readonly string[];
  /** Also the newest good one of a series, and its newest proven one. */
  readonly allowNewest: boolean;
  readonly catalog: Catalog | undefined;
  readonly restoring: (repository: string) => ReadonlySet<string>;
}

export interface ForgetTarget {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly going: readonly Going[];
}

export interface Going {
  readonly id: string;
  /** '' where it is not known. */
  readonly source: string;
  /** Undefined for what can not be read. */
  readonly time: Date | undefined;
  readonly what: 'snapshot' | 'unreadable' | 'failure';
}

interface Place {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly listing: Listing;
}

/**
 * What goes from each repository. Throws `snapshot.unknown`, `snapshot.ambiguous` (also where several repositories have it and
 * none was named), `forget.protected`, and the error of a repository that can not be listed.
 */
export async function forgetTargets(
  request: ForgetTargets,
  how: { readonly signal: AbortSignal },
): Promise<ForgetTarget[]> {
  const places: Place[] = [];
  for (const repository of request.repositories) {
    const engine = await repository.open(how);
    places.push({ repository, engine, listing: await engine.list(how) });
  }
  const chosen = new Map<Place, Map<string, Going>>();
  for (const id of request.ids) {
    const found = await meant(id, places, how);
    if (found.length > 1 && !request.named) throw severalPlaces(id, found);
    for (const { place, going } of found) {
      const known = chosen.get(place) ?? new Map<string, Going>();
      for (const one of going) known.set(one.id, one);
      chosen.set(place, known);
    }
  }
  const targets = places.flatMap((place) => {
    const going = chosen.get(place);
    return going === undefined ? [] : [{ place, going: [...going.values()] }];
  });
  for (const { place, going } of targets) await requireSpare(place, going, request);
  return targets.map(({ place: { repository, engine }, going }) => ({ repository, engine, going }));
}

interface Meant {
  readonly place: Place;
  readonly going: readonly Going[];
}

async function meant(id: string, places: readonly Place[], how: { readonly signal: AbortSignal }): Promise<Meant[]> {
  try {
    const { point, snapshots } = await locate({ id }, handlesOf(places), how);
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

function severalPlaces(id: string, found: readonly Meant[]): SuretyError {
  const names = found.map(({ place }) => place.repository.name);
  return new SuretyError('snapshot.ambiguous', `${id} is in ${listed(names, 'and')}`, {
    hint: 'say with --repository (repeatable) from which of them it is to go',
  });
}

async function requireSpare(
  { repository, listing }: Place,
  going: readonly Going[],
  { allowNewest, catalog, restoring }: ForgetTargets,
): Promise<void> {
  const stateOf = await snapshotStates(catalog, repository.name);
  const gone = new Set(going.map(({ id }) => id));
  const held = restoring(repository.name);
  const bySeries = Map.groupBy(listing.snapshots, seriesKey);
  for (const one of listing.snapshots.filter(({ id }) => gone.has(id))) {
    const where = `of source ${one.source} in repository ${repository.name}`;
    if (held.has(one.id)) throw isProtected(one, `is being restored`, 'wait until that is done');
    if (one.tags.includes(HOLD_TAG)) throw isProtected(one, `has the tag ${HOLD_TAG}`, 'take the tag away first');
    if (allowNewest) continue;
    const good = bySeries.get(seriesKey(one))!.filter(({ id }) => stateOf(id).state !== 'bad');
    if (good.at(-1)?.id === one.id) throw isProtected(one, `is the newest good one ${where}`, ALLOW);
    const proven = good.filter(({ id }) => stateOf(id).state === 'proven');
    if (proven.at(-1)?.id === one.id) throw isProtected(one, `is the newest proven one ${where}`, ALLOW);
  }
}

const ALLOW = 'give --allow-newest if it is to go all the same';

function isProtected({ id }: Snapshot, why: string, hint: string): SuretyError {
  return new SuretyError('forget.protected', `nothing was removed: ${shortId(id)} ${why}`, { hint });
}

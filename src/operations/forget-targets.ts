/** Which snapshots of which repositories a person wants removed, and whether they can be spared. */
import { SuretyError } from '../base/errors.ts';
import { listed } from '../base/nearest.ts';
import { shortId } from '../base/short-id.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Engine, Snapshot } from '../engines/engine.ts';
import { pinText } from '../rules/pins.ts';
import { seriesKey } from '../rules/series.ts';
import type { RepositoryHandle } from './handles.ts';
import { type Going, type Meant, meant, openPlaces, type Place } from './meant-snapshots.ts';
import { HOLD_TAG } from './pinned-snapshots.ts';
import { pinsOf } from './pins.ts';
import { snapshotStates } from './snapshot-states.ts';

export interface ForgetTargets {
  readonly repositories: readonly RepositoryHandle[];
  /** Whether these repositories were named: then what is meant goes from each of them. */
  readonly named: boolean;
  /** Ids of snapshots, recovery points or records of failed backups, or the beginnings of such. */
  readonly ids: readonly string[];
  /** Also the newest good one of a series, and its newest proven one. */
  readonly allowNewest: boolean;
  /** Also what is pinned. */
  readonly allowPinned: boolean;
  readonly catalog: Catalog | undefined;
  readonly now: Date;
  readonly restoring: (repository: string) => ReadonlySet<string>;
}

export interface ForgetTarget {
  readonly repository: RepositoryHandle;
  readonly engine: Engine;
  readonly going: readonly Going[];
}

/**
 * What goes from each repository. Throws `snapshot.unknown`, `snapshot.ambiguous` (also where several repositories have it and
 * none was named), `forget.protected`, and the error of a repository that can not be listed.
 */
export async function forgetTargets(
  request: ForgetTargets,
  how: { readonly signal: AbortSignal },
): Promise<ForgetTarget[]> {
  const places = await openPlaces(request.repositories, how);
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
  for (const { place, going } of targets) await requireSpare(place, going, request, how);
  return targets.map(({ place: { repository, engine }, going }) => ({ repository, engine, going }));
}

function severalPlaces(id: string, found: readonly Meant[]): SuretyError {
  const names = found.map(({ place }) => place.repository.name);
  return new SuretyError('snapshot.ambiguous', `${id} is in ${listed(names, 'and')}`, {
    hint: 'say with --repository (repeatable) from which of them it is to go',
  });
}

async function requireSpare(
  { repository, engine, listing }: Place,
  going: readonly Going[],
  { allowNewest, allowPinned, catalog, restoring, now }: ForgetTargets,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const stateOf = await snapshotStates(catalog, repository.name);
  const gone = new Set(going.map(({ id }) => id));
  const held = restoring(repository.name);
  const pins = allowPinned ? new Map<string, never>() : await pinsOf(engine, listing.snapshots, { signal, now });
  const bySeries = Map.groupBy(listing.snapshots, seriesKey);
  for (const one of listing.snapshots.filter(({ id }) => gone.has(id))) {
    const where = `of source ${one.source} in repository ${repository.name}`;
    if (held.has(one.id)) throw isProtected(one, `is being restored`, 'wait until that is done');
    if (one.tags.includes(HOLD_TAG)) throw isProtected(one, `has the tag ${HOLD_TAG}`, 'take the tag away first');
    const [pin] = pins.get(one.id) ?? [];
    if (pin !== undefined) throw isProtected(one, `is ${pinText(pin)}`, UNPIN);
    if (allowNewest) continue;
    const good = bySeries.get(seriesKey(one))!.filter(({ id }) => stateOf(id).state !== 'bad');
    if (good.at(-1)?.id === one.id) throw isProtected(one, `is the newest good one ${where}`, ALLOW);
    const proven = good.filter(({ id }) => stateOf(id).state === 'proven');
    if (proven.at(-1)?.id === one.id) throw isProtected(one, `is the newest proven one ${where}`, ALLOW);
  }
}

const UNPIN = 'take the pin away with surety unpin, or give --allow-pinned if it is to go all the same';
const ALLOW = 'give --allow-newest if it is to go all the same';

function isProtected({ id }: Snapshot, why: string, hint: string): SuretyError {
  return new SuretyError('forget.protected', `nothing was removed: ${shortId(id)} ${why}`, { hint });
}

/** Pins snapshots against removal, and takes pins away: in every repository that has them, for every machine. */
import { SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { PinBoard, Snapshot } from '../engines/engine.ts';
import { activePins, type PinDocument, type UnpinDocument } from '../rules/pins.ts';
import type { RepositoryHandle } from './handles.ts';
import { toWanted } from './locate.ts';
import { meant, openPlaces, type Place } from './meant-snapshots.ts';
import { isSameSnapshot } from './same-snapshot.ts';

export interface PinTargets {
  readonly repositories: readonly RepositoryHandle[];
  /** Ids of snapshots or recovery points, or the beginnings of such, or `latest`. */
  readonly ids: readonly string[];
  readonly now: Date;
  /** Who: `user@host`. */
  readonly by: string;
}

export interface PinRequest extends PinTargets {
  /** Undefined: until it is taken away. */
  readonly until: Date | undefined;
  readonly reason: string;
}

export interface Pinned {
  readonly repository: string;
  readonly id: string;
  readonly source: string;
  readonly time: Date;
}

export interface PinReport {
  readonly outcome: 'ok';
  readonly until: Date | undefined;
  readonly reason: string;
  readonly pinned: readonly Pinned[];
  /** Where the same snapshots can not be pinned, as in a mirror. */
  readonly unpinnable: readonly Pinned[];
}

export interface UnpinReport {
  readonly outcome: 'ok';
  /** With how many pins each had; 0: it was not pinned. */
  readonly unpinned: readonly (Pinned & { readonly pins: number })[];
}

/** Throws `snapshot.unknown`, `snapshot.ambiguous`, `repository.cannot`, and the error of a repository that can not be read or written. */
export async function pin(request: PinRequest, how: { readonly signal: AbortSignal }): Promise<PinReport> {
  const { until, reason, now, by } = request;
  if (until !== undefined && until <= now) {
    throw new SuretyError('usage.pin-ended', `${until.toISOString()} has passed`, {
      hint: 'give a time that is to come',
    });
  }
  const pinned: Pinned[] = [];
  const { able, unable } = await targets(request, how);
  for (const { place, board, snapshot } of able) {
    const { time, host, source, paths } = snapshot;
    const document: PinDocument = { type: 'pin', at: now, by, until, reason, time, host, source, paths };
    await board.add(snapshot.id, document, how);
    pinned.push(pinnedIn(place, snapshot));
  }
  return { outcome: 'ok', until, reason, pinned, unpinnable: unable };
}

/** Lifts every pin that is there now, also those that can not be read. Throws as {@link pin} does. */
export async function unpin(request: PinTargets, how: { readonly signal: AbortSignal }): Promise<UnpinReport> {
  const { now, by } = request;
  const unpinned: UnpinReport['unpinned'][number][] = [];
  for (const { place, board, snapshot } of (await targets(request, how)).able) {
    const pins = activePins(await board.list(how), [snapshot], now).get(snapshot.id) ?? [];
    const document: UnpinDocument = { type: 'unpin', at: now, by, lifts: pins.map(({ name }) => name) };
    if (pins.length > 0) await board.add(snapshot.id, document, how);
    unpinned.push({ ...pinnedIn(place, snapshot), pins: pins.length });
  }
  return { outcome: 'ok', unpinned };
}

function pinnedIn({ repository }: Place, { id, source, time }: Snapshot): Pinned {
  return { repository: repository.name, id, source, time };
}

interface PinTarget {
  readonly place: Place;
  readonly snapshot: Snapshot;
  readonly board: PinBoard;
}

interface Targets {
  readonly able: readonly PinTarget[];
  readonly unable: readonly Pinned[];
}

/** All are known before the first is pinned. Throws `repository.cannot` where none of them can be. */
async function targets({ repositories, ids }: PinTargets, how: { readonly signal: AbortSignal }): Promise<Targets> {
  const places = await openPlaces(repositories, how);
  const able = new Map<string, PinTarget>();
  const unable = new Map<string, Pinned>();
  for (const id of ids) {
    for (const one of await named(id, places, how)) {
      for (const { place, snapshot } of everywhere(one, places)) {
        const key = JSON.stringify([place.repository.name, snapshot.id]);
        const board = place.engine.pins;
        if (board === undefined) unable.set(key, pinnedIn(place, snapshot));
        else able.set(key, { place, snapshot, board });
      }
    }
  }
  const [none] = unable.values();
  if (able.size === 0 && none !== undefined) throw cannot(none.repository);
  return { able: [...able.values()], unable: [...unable.values()] };
}

async function named(id: string, places: readonly Place[], how: { readonly signal: AbortSignal }): Promise<Snapshot[]> {
  const found = await meant(id, places, how, toWanted(id));
  return found.flatMap(({ place, going }) =>
    going.map((one) => {
      const snapshot = place.listing.snapshots.find((listed) => listed.id === one.id);
      if (snapshot === undefined) throw noSnapshot(one.id);
      return snapshot;
    }),
  );
}

/** Where it is, and its copies: each has an id of its own. */
function everywhere(snapshot: Snapshot, places: readonly Place[]): Omit<PinTarget, 'board'>[] {
  return places.flatMap((place) =>
    place.listing.snapshots
      .filter((other) => other.id === snapshot.id || isSameSnapshot(other, snapshot))
      .map((other) => ({ place, snapshot: other })),
  );
}

function noSnapshot(id: string): SuretyError {
  return new SuretyError(
    'snapshot.unknown',
    `${shortId(id)} is no snapshot that can be read, so there is nothing to keep`,
    {
      hint: 'surety list shows the snapshots',
    },
  );
}

function cannot(repository: string): SuretyError {
  return new SuretyError('repository.cannot', `snapshots in ${repository} can not be pinned`, {
    hint: 'mirrors and Borg repositories have no pins: copy it into a restic or archive repository with surety copy, and pin it there',
  });
}

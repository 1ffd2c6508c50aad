/** Pins snapshots against removal, and takes pins away: in every repository that has them, for every machine. */
import { SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { Snapshot } from '../engines/engine.ts';
import { activePins, type PinDocument, type UnpinDocument } from '../rules/pins.ts';
import type { RepositoryHandle } from './handles.ts';
import { toWanted } from './locate.ts';
import { meant, openPlaces, type Place } from './meant-snapshots.ts';

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
  for (const { place, snapshot } of await targets(request, how)) {
    const { time, host, source, paths } = snapshot;
    const document: PinDocument = { type: 'pin', at: now, by, until, reason, time, host, source, paths };
    await boardOf(place).add(snapshot.id, document, how);
    pinned.push(pinnedIn(place, snapshot));
  }
  return { outcome: 'ok', until, reason, pinned };
}

/** Lifts every pin that is there now, also those that can not be read. Throws as {@link pin} does. */
export async function unpin(request: PinTargets, how: { readonly signal: AbortSignal }): Promise<UnpinReport> {
  const { now, by } = request;
  const unpinned: UnpinReport['unpinned'][number][] = [];
  for (const { place, snapshot } of await targets(request, how)) {
    const board = boardOf(place);
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
}

/** All are known before the first is pinned. */
async function targets({ repositories, ids }: PinTargets, how: { readonly signal: AbortSignal }): Promise<PinTarget[]> {
  const places = await openPlaces(repositories, how);
  const found = new Map<string, PinTarget>();
  for (const id of ids) {
    for (const { place, going } of await meant(id, places, how, toWanted(id))) {
      boardOf(place);
      for (const one of going) {
        const snapshot = place.listing.snapshots.find((listed) => listed.id === one.id);
        if (snapshot === undefined) throw noSnapshot(one.id);
        found.set(JSON.stringify([place.repository.name, one.id]), { place, snapshot });
      }
    }
  }
  return [...found.values()];
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

function boardOf({ repository, engine }: Place) {
  if (engine.pins !== undefined) return engine.pins;
  throw new SuretyError('repository.cannot', `snapshots in ${repository.name} can not be pinned`);
}

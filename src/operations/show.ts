/** Tells all that is known about a snapshot or a recovery point. */

import { hasCode } from '../base/errors.ts';
import type { Catalog, RunRecord } from '../catalog/catalog.ts';
import type { Snapshot, SnapshotFacts } from '../engines/engine.ts';
import type { ActivePin } from '../rules/pins.ts';
import type { RestoredEntry } from '../sources/source.ts';
import type { RepositoryHandle, StoredSnapshot } from './handles.ts';
import { type Located, locate, type Wanted } from './locate.ts';
import { pinsOf } from './pins.ts';
import type { RecoveryPoint } from './recovery-point.ts';
import { type SnapshotState, type StatesOf, snapshotStates } from './snapshot-states.ts';

export interface ShowRequest {
  readonly wanted: Wanted;
  readonly now: Date;
  readonly repositories: readonly RepositoryHandle[];
  /** Where the run that made it is looked up; undefined: nowhere. */
  readonly catalog?: Catalog | undefined;
  /** Paths or globs of the entries to show; undefined: none are read. */
  readonly entries?: { readonly select: readonly string[] | undefined } | undefined;
}

export interface ShownSnapshot {
  readonly snapshot: Snapshot;
  /** What the source recorded; undefined for a snapshot that Surety did not write. */
  readonly facts: SnapshotFacts | undefined;
  /** Everywhere it is stored, with what is known of it there; this repository first. */
  readonly copies: readonly ShownCopy[];
  /** What keeps it from being removed in this repository. */
  readonly pins: readonly ActivePin[];
}

export interface ShownCopy extends SnapshotState {
  readonly repository: string;
  /** Its id there. */
  readonly id: string;
}

export interface ShowReport {
  readonly repository: string;
  readonly location: string;
  readonly point: RecoveryPoint | undefined;
  readonly snapshots: readonly ShownSnapshot[];
  /** The run that made it, where this machine remembers it: also what failed in it, and its hooks. */
  readonly run?: RunRecord | undefined;
  /** Repositories and snapshots that could not be looked at. */
  readonly unread: readonly string[];
}

/** An entry as it is shown. */
export type ShownEntry = RestoredEntry;

/** Told of the entries batch by batch: a snapshot may have millions. */
export type SeeEntries = (snapshot: Snapshot, entries: readonly RestoredEntry[]) => void | Promise<void>;

export async function show(
  request: ShowRequest,
  how: { readonly signal: AbortSignal },
  see: SeeEntries,
): Promise<ShowReport> {
  const located = await locate(request.wanted, request.repositories, how);
  const { repository, engine, point, snapshots, unread } = located;
  const copiesOf = await copiesIn(located, request.catalog);
  const pins = await pinsOf(engine, snapshots, { signal: how.signal, now: request.now });
  const shown: ShownSnapshot[] = [];
  const missing: unknown[] = [];
  for (const snapshot of snapshots) {
    shown.push({
      snapshot,
      facts: await engine.facts(snapshot, how),
      copies: copiesOf(snapshot),
      pins: pins.get(snapshot.id) ?? [],
    });
    if (request.entries === undefined) continue;
    const batches = engine.entries(snapshot, { signal: how.signal, select: request.entries.select });
    try {
      for await (const batch of batches) await see(snapshot, batch);
    } catch (error) {
      if (!hasCode(error, 'snapshot.path-missing')) throw error;
      missing.push(error);
    }
  }
  // A path that was asked for need only be in one member of a recovery point.
  if (missing.length > 0 && missing.length === shown.length) throw missing[0];
  const run = point === undefined ? undefined : await runOf(point.id, request.catalog);
  return { repository: repository.name, location: repository.location, point, snapshots: shown, run, unread };
}

/** Where each of the snapshots is stored. */
async function copiesIn(
  { members, repository }: Located,
  catalog: Catalog | undefined,
): Promise<(snapshot: Snapshot) => readonly ShownCopy[]> {
  const places = (snapshot: Snapshot): readonly StoredSnapshot[] => {
    const member = members.find((one) => one.snapshot === snapshot);
    return [{ repository, snapshot }, ...(member?.copies ?? [])];
  };
  const names = new Set(members.flatMap(({ snapshot }) => places(snapshot).map((place) => place.repository.name)));
  const states = new Map<string, StatesOf>();
  for (const name of names) states.set(name, await snapshotStates(catalog, name));
  return (snapshot) =>
    places(snapshot).flatMap(({ repository: { name }, snapshot: { id } }) => {
      const state = states.get(name)?.(id);
      return state === undefined ? [] : [{ repository: name, id, ...state }];
    });
}

/** A catalog that can not be read knows nothing: the repository is the truth. */
async function runOf(id: string, catalog: Catalog | undefined): Promise<RunRecord | undefined> {
  try {
    return await catalog?.run(id);
  } catch {
    return undefined;
  }
}

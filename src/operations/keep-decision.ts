/** Which snapshots of one repository stay and which go: retention for each series, and what holds across series. */
import { shortId } from '../base/short-id.ts';
import type { Listing, Snapshot } from '../engines/engine.ts';
import type { RetentionPolicy } from '../rules/policy.ts';
import { decideRetention } from '../rules/retention.ts';
import type { LastFailure, Refusal } from '../rules/retention-guard.ts';
import { groupSeries, type Series } from '../rules/series.ts';
import { cameLate } from '../rules/stored-time.ts';
import { type DecidedFailure, decideFailures } from './failure-records.ts';
import { pinnedSnapshots } from './pinned-snapshots.ts';
import type { Pins } from './pins.ts';

/** What one job keeps of its sources in one repository. */
export interface KeepFor {
  readonly job: string;
  readonly sources: readonly string[];
  /** Undefined: everything is kept. */
  readonly policy: RetentionPolicy | undefined;
  readonly timeZone: string;
  /** How old the newest backup of a series may be for anything of it to be removed; undefined: as old as it likes. */
  readonly newestWithinMs?: number | undefined;
}

export interface DecidedSnapshot {
  readonly snapshot: Snapshot;
  readonly reasons: readonly string[];
}

/** A series of which nothing is removed. */
export interface RefusedSeries extends Pick<Refusal, 'code' | 'why'> {
  readonly source: string;
  readonly host: string;
  readonly paths: readonly string[];
}

export interface RepositoryDecision {
  /** Newest first within a series. */
  readonly keep: readonly DecidedSnapshot[];
  readonly remove: readonly DecidedSnapshot[];
  /** Why nothing at all is removed; `remove` is empty then. */
  readonly refused: string | undefined;
  /** Series of which nothing is removed, although others may lose something. */
  readonly refusedSeries: readonly RefusedSeries[];
  /** Records of failed backups, newest first. */
  readonly failures: readonly DecidedFailure[];
  /** Files that belong to no snapshot; they count for nothing. */
  readonly incomplete: readonly string[];
}

export interface DecisionHow {
  readonly now: Date;
  /** Ids of snapshots that were drilled or restored whole. */
  readonly proven: ReadonlySet<string>;
  /** Ids of snapshots that the last verification found damaged. */
  readonly damaged?: ReadonlySet<string>;
  /** The last backup of sources where it failed, as far as it is known. */
  readonly lastFailures?: ReadonlyMap<string, LastFailure>;
  /** Ids of snapshots that are being restored. */
  readonly restoring?: ReadonlySet<string>;
  /** Pins of snapshots, by their ids. */
  readonly pins?: Pins;
  /** When snapshots were stored as the service says, by their ids. Default: nobody knows. */
  readonly storedAt?: ReadonlyMap<string, Date>;
  /** How many snapshots should be in the listing and are not. */
  readonly missing?: number;
}

/**
 * A snapshot goes only if every job that keeps its source lets it go, and nothing pins it. Sources that no job keeps are
 * left alone. A partial listing, an unreadable snapshot and an odd clock refuse everything; a series whose last backup failed or that
 * is not backed up any more is left alone.
 */
export function decideRepository(listing: Listing, keepFor: readonly KeepFor[], how: DecisionHow): RepositoryDecision {
  const sources = new Set(keepFor.flatMap((one) => one.sources));
  const failures = decideFailures(listing.failures ?? [], sources);
  const late = new Set(
    listing.snapshots.filter(({ id, time }) => cameLate(time, how.storedAt?.get(id))).map(({ id }) => id),
  );
  const pinHow = {
    jobs: keepFor.map((one) => one.job),
    proven: how.proven,
    damaged: how.damaged ?? new Set<string>(),
    restoring: how.restoring ?? new Set<string>(),
    pins: how.pins ?? new Map(),
  };
  const onTime = listing.snapshots.filter(({ id }) => !late.has(id));
  // What came late takes nothing from the others: not the place of the newest complete recovery point either.
  const pins = mergedReasons(
    pinnedSnapshots(listing.snapshots, pinHow),
    late.size === 0 ? new Map() : pinnedSnapshots(onTime, pinHow),
  );
  const refreshed = newestOfSources(onTime.length === 0 ? listing.snapshots : onTime);
  const seriesHow = { ...how, pins, late, refreshed };
  const decisions = groupSeries(listing.snapshots).map((series) => decideSeries(series, keepFor, seriesHow));
  const keep = decisions.flatMap((decision) => decision.keep);
  const remove = decisions.flatMap((decision) => decision.remove);
  const refusals = decisions.flatMap(({ refusal }) => refusal ?? []);
  const incomplete = listing.incomplete ?? [];
  const refused = partialListing(listing, how) ?? refusals.find(({ scope }) => scope === 'repository')?.why;
  if (refused === undefined) return { keep, remove, refused, refusedSeries: refusals.map(told), failures, incomplete };
  const reasons = [`nothing is removed: ${refused}`];
  return {
    keep: [...keep, ...remove].map(({ snapshot }) => ({ snapshot, reasons })),
    remove: [],
    refused,
    refusedSeries: [],
    failures: failures.map((one) => ({ ...one, kept: true })),
    incomplete,
  };
}

function partialListing({ unreadable }: Listing, { missing = 0 }: DecisionHow): string | undefined {
  if (missing > 0) {
    return `the list of snapshots may be partial: ${missing} that ${missing === 1 ? 'was' : 'were'} stored ${missing === 1 ? 'is' : 'are'} not in it`;
  }
  if (unreadable.length === 0) return undefined;
  const names = unreadable.slice(0, 3).map(({ id }) => shortId(id));
  const count = unreadable.length === 1 ? 'a snapshot' : `${unreadable.length} snapshots`;
  return `${count} can not be read (${names.join(', ')})`;
}

type RefusalOfSeries = Refusal & RefusedSeries;

function told({ code, why, source, host, paths }: RefusalOfSeries): RefusedSeries {
  return { source, host, paths, code, why };
}

interface SeriesHow extends Omit<DecisionHow, 'pins'> {
  readonly pins: ReadonlyMap<string, readonly string[]>;
  readonly refreshed: ReadonlyMap<string, Date>;
  readonly late: ReadonlySet<string>;
}

interface SeriesDecision {
  readonly keep: readonly DecidedSnapshot[];
  readonly remove: readonly DecidedSnapshot[];
  readonly refusal: RefusalOfSeries | undefined;
}

function decideSeries(series: Series<Snapshot>, keepFor: readonly KeepFor[], how: SeriesHow): SeriesDecision {
  const { source, host, paths, members } = series;
  const rules = keepFor.filter((one) => one.sources.includes(source));
  if (rules.length === 0) {
    const reasons = [source === '' ? 'not made by Surety' : `no job keeps source ${source}`];
    return { keep: members.map((snapshot) => ({ snapshot, reasons })), remove: [], refusal: undefined };
  }
  const points = members.map((snapshot) => ({
    ...{ id: snapshot.id, time: snapshot.time, tags: snapshot.tags, snapshot },
    proven: how.proven.has(snapshot.id),
    damaged: how.damaged?.has(snapshot.id) ?? false,
    late: how.late.has(snapshot.id),
    pins: how.pins.get(snapshot.id) ?? [],
  }));
  const reasonsToKeep = new Map<Snapshot, string[]>();
  const reasonsToGo = new Map<Snapshot, string[]>();
  let refusal: RefusalOfSeries | undefined;
  const guard = {
    now: how.now,
    listingComplete: true,
    refreshedAt: how.refreshed.get(source),
    lastFailure: how.lastFailures?.get(source),
  };
  for (const { job, policy, timeZone, newestWithinMs } of rules) {
    if (policy === undefined) {
      for (const { snapshot } of points) append(reasonsToKeep, snapshot, [`job ${job} keeps everything`]);
      continue;
    }
    const decision = decideRetention(points, policy, { ...guard, timeZone, newestWithinMs });
    if (decision.refusal !== undefined) refusal ??= { ...decision.refusal, source, host, paths };
    const named = (reason: string) => (rules.length === 1 ? reason : `${job}: ${reason}`);
    for (const { point, reasons } of decision.keep) append(reasonsToKeep, point.snapshot, reasons.map(named));
    for (const { point, reasons } of decision.remove) append(reasonsToGo, point.snapshot, reasons.map(named));
  }
  const newestFirst = members.toReversed();
  const going = newestFirst.filter((snapshot) => !reasonsToKeep.has(snapshot));
  return { keep: decided(newestFirst, reasonsToKeep), remove: decided(going, reasonsToGo), refusal };
}

function mergedReasons(...all: readonly ReadonlyMap<string, readonly string[]>[]): Map<string, readonly string[]> {
  const merged = new Map<string, readonly string[]>();
  for (const one of all) {
    for (const [id, reasons] of one) merged.set(id, [...new Set([...(merged.get(id) ?? []), ...reasons])]);
  }
  return merged;
}

/** When each source was last backed up, whatever its host and paths were. */
function newestOfSources(snapshots: readonly Snapshot[]): Map<string, Date> {
  const newest = new Map<string, Date>();
  for (const { source, time } of snapshots) {
    if (time.getTime() > (newest.get(source)?.getTime() ?? Number.NEGATIVE_INFINITY)) newest.set(source, time);
  }
  return newest;
}

function append(map: Map<Snapshot, string[]>, snapshot: Snapshot, reasons: readonly string[]): void {
  map.set(snapshot, [...(map.get(snapshot) ?? []), ...reasons]);
}

function decided(snapshots: readonly Snapshot[], reasons: ReadonlyMap<Snapshot, readonly string[]>): DecidedSnapshot[] {
  return snapshots.flatMap((snapshot) => {
    const own = reasons.get(snapshot);
    return own === undefined ? [] : [{ snapshot, reasons: own }];
  });
}

/** Which snapshots of one repository stay and which go: retention for each series, and what holds across series. */
import { shortId } from '../base/short-id.ts';
import type { Listing, Snapshot } from '../engines/engine.ts';
import type { RetentionPolicy } from '../rules/policy.ts';
import { decideRetention } from '../rules/retention.ts';
import { groupSeries, type Series } from '../rules/series.ts';
import { recoveryPoints } from './recovery-point.ts';

/** What one job keeps of its sources. */
export interface KeepFor {
  readonly job: string;
  readonly sources: readonly string[];
  /** Undefined: everything is kept. */
  readonly policy: RetentionPolicy | undefined;
  readonly timeZone: string;
}

export interface DecidedSnapshot {
  readonly snapshot: Snapshot;
  readonly reasons: readonly string[];
}

export interface RepositoryDecision {
  /** Newest first within a series. */
  readonly keep: readonly DecidedSnapshot[];
  readonly remove: readonly DecidedSnapshot[];
  /** Why nothing at all is removed; `remove` is empty then. */
  readonly refused: string | undefined;
}

export interface DecisionHow {
  readonly now: Date;
  /** Ids of snapshots that were verified with data or drilled. */
  readonly proven: ReadonlySet<string>;
}

/**
 * A snapshot goes only if every job that keeps its source lets it go. Sources that no job keeps are left alone, and so
 * are all members of the newest complete recovery point of each job and of its newest proven one: retention looks at one series
 * at a time and would otherwise tear them apart. An odd clock or an unreadable snapshot refuses everything.
 */
export function decideRepository(listing: Listing, keepFor: readonly KeepFor[], how: DecisionHow): RepositoryDecision {
  const jobs = keepFor.map((one) => one.job);
  const pinned = pinnedSnapshots(listing.snapshots, jobs, how.proven);
  const keep: DecidedSnapshot[] = [];
  const remove: DecidedSnapshot[] = [];
  let refused = unreadableRefusal(listing);
  for (const series of groupSeries(listing.snapshots)) {
    const decision = decideSeries(series, keepFor, { ...how, listingComplete: refused === undefined });
    refused ??= decision.refused;
    keep.push(...decision.keep);
    for (const decided of decision.remove) {
      const reason = pinned.get(decided.snapshot.id);
      if (reason === undefined) remove.push(decided);
      else keep.push({ snapshot: decided.snapshot, reasons: [reason] });
    }
  }
  if (refused === undefined) return { keep, remove, refused };
  const reasons = [`nothing is removed: ${refused}`];
  return { keep: [...keep, ...remove.map(({ snapshot }) => ({ snapshot, reasons }))], remove: [], refused };
}

function unreadableRefusal({ unreadable }: Listing): string | undefined {
  if (unreadable.length === 0) return undefined;
  const names = unreadable.slice(0, 3).map(({ id }) => shortId(id));
  const count = unreadable.length === 1 ? 'a snapshot' : `${unreadable.length} snapshots`;
  return `${count} can not be read (${names.join(', ')})`;
}

function decideSeries(
  series: Series<Snapshot>,
  keepFor: readonly KeepFor[],
  how: DecisionHow & { readonly listingComplete: boolean },
): RepositoryDecision {
  const rules = keepFor.filter((one) => one.sources.includes(series.source));
  if (rules.length === 0) {
    const reasons = [series.source === '' ? 'not made by Surety' : `no job keeps source ${series.source}`];
    return { keep: series.members.map((snapshot) => ({ snapshot, reasons })), remove: [], refused: undefined };
  }
  const points = series.members.map((snapshot) => ({ ...snapshot, snapshot, proven: how.proven.has(snapshot.id) }));
  const reasonsToKeep = new Map<Snapshot, string[]>();
  const reasonsToGo = new Map<Snapshot, string[]>();
  let refused: string | undefined;
  for (const { job, policy, timeZone } of rules) {
    if (policy === undefined) {
      for (const { snapshot } of points) append(reasonsToKeep, snapshot, [`job ${job} keeps everything`]);
      continue;
    }
    const decision = decideRetention(points, policy, { ...how, timeZone });
    refused ??= decision.refused;
    const named = (reason: string) => (rules.length === 1 ? reason : `${job}: ${reason}`);
    for (const { point, reasons } of decision.keep) append(reasonsToKeep, point.snapshot, reasons.map(named));
    for (const { point, reasons } of decision.remove) append(reasonsToGo, point.snapshot, reasons.map(named));
  }
  const newestFirst = series.members.toReversed();
  return {
    keep: decided(newestFirst, reasonsToKeep),
    remove: decided(
      newestFirst.filter((snapshot) => !reasonsToKeep.has(snapshot)),
      reasonsToGo,
    ),
    refused,
  };
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

/** Snapshots that stay whatever the policy of their series says, with the reason. */
function pinnedSnapshots(
  snapshots: readonly Snapshot[],
  jobs: readonly string[],
  proven: ReadonlySet<string>,
): Map<string, string> {
  const points = recoveryPoints(snapshots).filter((point) => point.complete && point.members[0]!.recoveryPoint !== '');
  const pinned = new Map<string, string>();
  for (const job of jobs) {
    const own = points.filter((point) => point.job === job);
    const newestProven = own.findLast((point) => point.members.every((snapshot) => proven.has(snapshot.id)));
    for (const snapshot of newestProven?.members ?? []) pinned.set(snapshot.id, 'in the newest proven recovery point');
    for (const snapshot of own.at(-1)?.members ?? []) pinned.set(snapshot.id, 'in the newest complete recovery point');
  }
  return pinned;
}

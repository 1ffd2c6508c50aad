/**
 * Which recovery points stay and which go, with the reasons. Pure: the caller gives the whole series, the policy and the time.
 *
 * Rules are applied to the complete points from the newest to the oldest, as restic does: each rule keeps the newest point of a period and
 * counts it; where a rule still has counts left at the oldest point, that one is kept too, so that history reaches as
 * far back as it can. Beyond the policy, the newest complete point, the newest proven one and all that are pinned always stay.
 */
import { didNotKeep, type KeepRule, keepRules } from './keep-rules.ts';
import type { RetentionPolicy } from './policy.ts';
import { type GuardHow, type Refusal, refusalOf } from './retention-guard.ts';

export interface RetentionPoint {
  readonly id: string;
  readonly time: Date;
  readonly tags: readonly string[];
  /** False when a member failed: such a point fills no slot. Default true. */
  readonly complete?: boolean;
  /**
   * Found damaged. Such a point takes no slot from a good one, and goes only where the rules would let it go if it were good:
   * much of it may still restore. Default false.
   */
  readonly damaged?: boolean;
  /**
   * The time it claims is not the one at which it came to be where it is: a copy of something old, or a lie. It takes no slot from the others, does not
   * count as the newest, and stays where the rules would keep it among all. Default false.
   */
  readonly late?: boolean;
  /** Drilled or restored whole, successfully. Default false. */
  readonly proven?: boolean;
  /** Reasons why it stays whatever the policy says, such as `being restored`. */
  readonly pins?: readonly string[];
}

export interface RetentionHow extends GuardHow {
  /** Days, weeks and so on begin and end as in this time zone. */
  readonly timeZone: string;
}

export interface Decided<Point> {
  readonly point: Point;
  readonly reasons: readonly string[];
}

export interface RetentionDecision<Point> {
  /** Newest first. */
  readonly keep: readonly Decided<Point>[];
  /** Newest first. */
  readonly remove: readonly Decided<Point>[];
  /** Why nothing is removed at all; every point is in `keep` then. */
  readonly refusal?: Refusal;
}

/** Decides about the points of one series. Throws only `time-zone.unknown`. */
export function decideRetention<Point extends RetentionPoint>(
  points: readonly Point[],
  policy: RetentionPolicy,
  how: RetentionHow,
): RetentionDecision<Point> {
  const sorted = points.toSorted(newestFirst);
  // Where all are copies there is nobody to take a slot from.
  const anyOnTime = sorted.some((point) => point.late !== true && isComplete(point));
  const isLate = (point: Point) => anyOnTime && point.late === true;
  const complete = sorted.filter((point) => counts(point) && !isLate(point));
  const onTime = sorted.filter((point) => !isLate(point));
  const refusal = refusalOf(onTime, complete[0], policy, how);
  if (refusal !== undefined) {
    const reasons = [`nothing is removed: ${refusal.why}`];
    return { keep: sorted.map((point) => ({ point, reasons })), remove: [], refusal };
  }
  const kept = policyReasons(complete, keepRules(complete, policy, how.timeZone));
  addPinned(complete, kept);
  addLate(sorted.filter(counts), policy, how.timeZone, kept);
  addDamaged(onTime.filter(isComplete), policy, how.timeZone, kept);
  addDamaged(sorted.filter(isComplete), policy, how.timeZone, kept);
  const keep: Decided<Point>[] = [];
  const remove: Decided<Point>[] = [];
  for (const point of sorted) {
    const { reasons, missed } = kept.get(point) ?? failedPoint(point, complete[0]);
    const all = [...reasons, ...(point.pins ?? [])];
    if (all.length > 0) keep.push({ point, reasons: all });
    else remove.push({ point, reasons: missed });
  }
  return { keep, remove };
}

interface Verdict {
  readonly reasons: string[];
  readonly missed: readonly string[];
}

function policyReasons<Point extends RetentionPoint>(
  complete: readonly Point[],
  rules: readonly KeepRule[],
): Map<Point, Verdict> {
  const verdicts = new Map<Point, Verdict>();
  for (const [at, point] of complete.entries()) {
    const isOldest = at === complete.length - 1;
    const answers = rules.map((rule) => rule(point, isOldest));
    const reasons = answers.filter((answer) => !didNotKeep(answer)).map((answer) => answer.text);
    const missed = answers.filter(didNotKeep).map((answer) => answer.text);
    verdicts.set(point, { reasons, missed });
  }
  return verdicts;
}

function addPinned<Point extends RetentionPoint>(complete: readonly Point[], verdicts: Map<Point, Verdict>): void {
  const newest = complete[0];
  if (newest !== undefined) verdicts.get(newest)?.reasons.push('newest');
  const proven = complete.find((point) => point.proven === true);
  if (proven !== undefined) verdicts.get(proven)?.reasons.push('newest proven');
}

/** Whether late points stay is asked as if they had come at the time they claim; what that says of the others does not count. */
function addLate<Point extends RetentionPoint>(
  all: readonly Point[],
  policy: RetentionPolicy,
  timeZone: string,
  verdicts: Map<Point, Verdict>,
): void {
  if (all.every((point) => verdicts.has(point))) return;
  const proven = all.find((point) => point.proven === true);
  for (const [point, { reasons, missed }] of policyReasons(all, keepRules(all, policy, timeZone))) {
    if (verdicts.has(point)) continue;
    const own = [...reasons, ...(point === all[0] ? ['newest'] : []), ...(point === proven ? ['newest proven'] : [])];
    verdicts.set(point, {
      reasons: own.length === 0 ? [] : [...own, 'came long after its time: takes no slot'],
      missed: [...missed, 'came long after its time'],
    });
  }
}

/** Whether damaged points stay is asked as if nothing were wrong with them. */
function addDamaged<Point extends RetentionPoint>(
  all: readonly Point[],
  policy: RetentionPolicy,
  timeZone: string,
  verdicts: Map<Point, Verdict>,
): void {
  if (all.every((point) => verdicts.has(point))) return;
  for (const [point, { reasons, missed }] of policyReasons(all, keepRules(all, policy, timeZone))) {
    if (point.damaged !== true || verdicts.has(point)) continue;
    const isNewest = point === all[0] ? ['newest'] : [];
    const own = [...reasons, ...isNewest];
    verdicts.set(point, {
      reasons: own.length === 0 ? [] : [...own, 'found damaged: takes no slot'],
      missed: ['found damaged', ...missed],
    });
  }
}

/** A failed point is worth keeping only while nothing better has followed. */
function failedPoint(point: RetentionPoint, newest: RetentionPoint | undefined): Verdict {
  if (newest === undefined) return { reasons: ['incomplete, but there is no complete one'], missed: [] };
  if (point.time.getTime() >= newest.time.getTime()) {
    return { reasons: ['incomplete, but newer than every complete one'], missed: [] };
  }
  return { reasons: [], missed: ['incomplete, and a newer one is complete'] };
}

function counts(point: RetentionPoint): boolean {
  return isComplete(point) && point.damaged !== true;
}

function isComplete(point: RetentionPoint): boolean {
  return point.complete !== false;
}

/** Ids break ties, so that the same points always give the same answer. */
function newestFirst(a: RetentionPoint, b: RetentionPoint): number {
  return b.time.getTime() - a.time.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

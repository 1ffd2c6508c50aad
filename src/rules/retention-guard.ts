/** What speaks against removing anything: a listing that may be partial, an odd clock, backups that fail or are not made any more. */
import { spanName } from '../base/durations.ts';
import { shortId } from '../base/short-id.ts';
import { isEmptyPolicy, type RetentionPolicy } from './policy.ts';

export interface GuardHow {
  readonly now: Date;
  /** Whether the list of points is known to be whole. Where it is not, nothing is removed. */
  readonly listingComplete: boolean;
  /** How far in the future a point may lie before the clock is not believed. Default 10 minutes. */
  readonly futureToleranceMs?: number | undefined;
  /** How old the newest complete point may be; undefined: as old as it likes. */
  readonly newestWithinMs?: number | undefined;
  /** The newest backup of the same source, where another series has it: then this one is not what is watched. */
  readonly refreshedAt?: Date | undefined;
  /** The last backup, when it failed. */
  readonly lastFailure?: LastFailure | undefined;
}

export interface LastFailure {
  readonly time: Date;
  readonly message: string;
}

export interface Refusal {
  /** `repository`: what is wrong concerns all series of the repository, not only this one. */
  readonly scope: 'repository' | 'series';
  readonly code: 'partial-listing' | 'empty-policy' | 'clock' | 'newest-is-old' | 'last-backup-failed';
  /** Follows "nothing is removed: ". */
  readonly why: string;
}

interface Dated {
  readonly id: string;
  readonly time: Date;
}

const FUTURE_TOLERANCE_MS = 10 * 60_000;

/** Why nothing may be removed, or undefined. `sorted` are all points, newest first; `newest` is the newest complete one. */
export function refusalOf(
  sorted: readonly Dated[],
  newest: Dated | undefined,
  policy: RetentionPolicy,
  how: GuardHow,
): Refusal | undefined {
  if (!how.listingComplete) {
    return { scope: 'repository', code: 'partial-listing', why: 'the list of snapshots is not complete' };
  }
  if (isEmptyPolicy(policy)) return { scope: 'repository', code: 'empty-policy', why: 'the policy keeps nothing' };
  return clockRefusal(sorted, how) ?? failureRefusal(newest, how) ?? ageRefusal(newest, how);
}

function clockRefusal(sorted: readonly Dated[], { now, futureToleranceMs }: GuardHow): Refusal | undefined {
  const refuse = (why: string): Refusal => ({ scope: 'repository', code: 'clock', why });
  if (Number.isNaN(now.getTime())) return refuse('the current time is not known');
  const undated = sorted.find((point) => Number.isNaN(point.time.getTime()));
  if (undated !== undefined) return refuse(`the time of ${shortId(undated.id)} is not known`);
  const newest = sorted[0];
  const latestBelievable = now.getTime() + (futureToleranceMs ?? FUTURE_TOLERANCE_MS);
  if (newest === undefined || newest.time.getTime() <= latestBelievable) return undefined;
  const dated = `${shortId(newest.id)} is dated ${newest.time.toISOString()}`;
  return refuse(`${dated}, after the current time ${now.toISOString()}; a clock is wrong`);
}

/** A success that followed, from whatever machine, ends it. */
function failureRefusal(newest: Dated | undefined, { lastFailure, refreshedAt }: GuardHow): Refusal | undefined {
  if (lastFailure === undefined) return undefined;
  const succeeded = Math.max(newest?.time.getTime() ?? 0, refreshedAt?.getTime() ?? 0);
  if (succeeded > lastFailure.time.getTime()) return undefined;
  const why = `its last backup, of ${isoTime(lastFailure.time)}, failed: ${lastFailure.message}`;
  return { scope: 'series', code: 'last-backup-failed', why };
}

function ageRefusal(newest: Dated | undefined, how: GuardHow): Refusal | undefined {
  const { now, newestWithinMs, refreshedAt } = how;
  if (newest === undefined || newestWithinMs === undefined) return undefined;
  const freshest = new Date(Math.max(newest.time.getTime(), refreshedAt?.getTime() ?? 0));
  if (freshest.getTime() >= now.getTime() - newestWithinMs) return undefined;
  const why =
    `its newest is of ${isoTime(freshest)}, more than ${spanName(newestWithinMs)} before the current time ` +
    `${isoTime(now)}; backups are not made any more, or a clock is wrong`;
  return { scope: 'series', code: 'newest-is-old', why };
}

function isoTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

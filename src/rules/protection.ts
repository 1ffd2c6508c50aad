/** Whether a source is as well protected as the configuration wants it, and why not. */
import { formatElapsed, spanName } from '../base/durations.ts';
import { listed } from '../base/nearest.ts';
import type { RestoreTime } from './restore-time.ts';

/** What is known of one source. */
export interface SourceProtection {
  /** How much work may be lost at most; undefined: nobody said. */
  readonly rpoMs: number | undefined;
  /** How long a restore may take at most; undefined: nobody said. */
  readonly rtoMs: number | undefined;
  /** Whether any job backs it up. */
  readonly inJob: boolean;
  /** Time of the newest backup that is not known to be damaged. */
  readonly newest: Date | undefined;
  /** Since when it is due by schedule and, though that came again, was not backed up; undefined: it is not. */
  readonly overdueSince: Date | undefined;
  /** Time of a newer one that was found damaged. */
  readonly damaged: Date | undefined;
  /** Last backups into a repository that failed and that none followed; messages without the names of source and repository. */
  readonly failures: readonly { readonly repository: string; readonly time: Date; readonly message: string }[];
  readonly verifiedAt: Date | undefined;
  /** When one of its backups was restored whole, or drilled. */
  readonly provenAt: Date | undefined;
  /** How long ago that may be; undefined: nobody said. */
  readonly proveEveryMs: number | undefined;
  readonly restoreTime: RestoreTime | undefined;
  /** How its newest backups differ from those before; the text follows `its last backup into vault`. */
  readonly odd: readonly { readonly repository: string; readonly text: string }[];
}

export type ProtectionState = 'ok' | 'late' | 'failed' | 'damaged' | 'too slow' | 'proof due' | 'none' | 'unproven';

export interface ProtectionReason {
  readonly code:
    | 'late'
    | 'clock'
    | 'overdue'
    | 'failed'
    | 'damaged'
    | 'too-slow'
    | 'proof-due'
    | 'no-backup'
    | 'no-job'
    | 'unverified'
    | 'unproven'
    | 'not-measured'
    | 'unusual';
  /** True when somebody has to do something now; the others are worth knowing. */
  readonly alarm: boolean;
  /** Follows the name of the source and a colon. */
  readonly text: string;
}

export interface ProtectionVerdict {
  readonly state: ProtectionState;
  readonly alarm: boolean;
  /** Whether the `rpo` is kept now; undefined where there is none. */
  readonly rpoKept: boolean | undefined;
  /** Whether the `rto` would be, by what was measured; undefined where there is none, or nothing was measured. */
  readonly rtoKept: boolean | undefined;
  /** The worst first. */
  readonly reasons: readonly ProtectionReason[];
}

/** Clocks of two machines may differ by this much. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

export function judgeProtection(source: SourceProtection, now: Date): ProtectionVerdict {
  const rpoKept = keepsRpo(source, now);
  const rtoKept = keepsRto(source);
  const reasons = [...alarmsOf(source, now, { rpoKept, rtoKept }), ...notesOf(source, now)];
  const alarm = reasons.some((one) => one.alarm);
  return { state: stateOf(reasons), alarm, rpoKept, rtoKept, reasons };
}

/** A backup from the future says nothing of when it was taken. */
function keepsRpo({ rpoMs, newest }: SourceProtection, now: Date): boolean | undefined {
  if (rpoMs === undefined) return undefined;
  return newest !== undefined && !isAhead(newest, now) && now.getTime() - newest.getTime() <= rpoMs;
}

function isAhead(time: Date, now: Date): boolean {
  return time.getTime() > now.getTime() + CLOCK_TOLERANCE_MS;
}

/** Reading is only a part of restoring: when that alone takes too long the whole does, else nothing is known. */
function keepsRto({ rtoMs, restoreTime }: SourceProtection): boolean | undefined {
  if (rtoMs === undefined || restoreTime === undefined) return undefined;
  if (restoreTime.expectedMs > rtoMs) return false;
  return restoreTime.from === 'restores' ? true : undefined;
}

function alarmsOf(
  source: SourceProtection,
  now: Date,
  { rpoKept, rtoKept }: Pick<ProtectionVerdict, 'rpoKept' | 'rtoKept'>,
): ProtectionReason[] {
  const { newest, overdueSince, damaged, failures, rpoMs, rtoMs, restoreTime, provenAt, proveEveryMs } = source;
  const alarm = (code: ProtectionReason['code'], text: string): ProtectionReason => ({ code, alarm: true, text });
  const found: ProtectionReason[] = [];
  if (newest !== undefined && isAhead(newest, now)) {
    found.push(alarm('clock', `its newest backup is dated ${ago(newest, now)}: a clock is wrong`));
  } else if (rpoKept === false) {
    const limit = `at most ${spanName(rpoMs ?? 0)} of work may be lost (rpo)`;
    found.push(
      newest === undefined
        ? alarm('late', `there is no good backup, and ${limit}`)
        : alarm('late', `its newest good backup is ${elapsed(newest, now)} old, and ${limit}`),
    );
  }
  if (overdueSince !== undefined && rpoMs === undefined) found.push(alarm('overdue', overdueText(source, now)));
  for (const { repositories, time, message } of together(failures)) {
    const into = listed(repositories, 'and');
    found.push(alarm('failed', `its last backup into ${into}, ${ago(time, now)}, failed: ${message}`));
  }
  if (damaged !== undefined) found.push(alarm('damaged', `its backup of ${ago(damaged, now)} was found damaged`));
  if (rtoKept === false && restoreTime !== undefined) {
    const what = restoreTime.from === 'restores' ? 'a restore takes' : 'only reading it back takes';
    const took = `${what} about ${formatElapsed(restoreTime.expectedMs)} by what was measured`;
    found.push(alarm('too-slow', `${took}, and it must be back within ${spanName(rtoMs ?? 0)} (rto)`));
  }
  if (isProofDue(source, now)) {
    const last =
      provenAt === undefined
        ? 'none of its backups was ever restored whole'
        : `it was last restored whole ${ago(provenAt, now)}`;
    found.push(alarm('proof-due', `${last}, and that is wanted every ${spanName(proveEveryMs ?? 0)} (prove_every)`));
  }
  return found;
}

/** Of a source without a good backup, getting one comes first. */
function isProofDue({ newest, provenAt, proveEveryMs }: SourceProtection, now: Date): boolean {
  if (proveEveryMs === undefined || newest === undefined) return false;
  return provenAt === undefined || now.getTime() - provenAt.getTime() > proveEveryMs;
}

function overdueText({ newest, overdueSince }: SourceProtection, now: Date): string {
  const last = newest === undefined ? '' : `its newest good backup is ${elapsed(newest, now)} old: `;
  return `${last}it was due ${ago(overdueSince ?? now, now)}, and again since`;
}

/** One run fails for the same reason in all its repositories. */
function together(failures: SourceProtection['failures']) {
  const groups = Map.groupBy(failures, ({ time, message }) => JSON.stringify([time, message]));
  return [...groups.values()].map((group) => {
    const { time, message } = group[0]!;
    return { repositories: group.map(({ repository }) => repository), time, message };
  });
}

function notesOf(source: SourceProtection, now: Date): ProtectionReason[] {
  const { newest, rpoMs, rtoMs, inJob, verifiedAt, provenAt, restoreTime } = source;
  const note = (code: ProtectionReason['code'], text: string): ProtectionReason => ({ code, alarm: false, text });
  const found: ProtectionReason[] = [];
  // Who says how much may be lost says when it is late.
  if (source.overdueSince !== undefined && rpoMs !== undefined) found.push(note('overdue', overdueText(source, now)));
  if (!inJob) found.push(note('no-job', 'no job backs it up'));
  if (newest === undefined && rpoMs === undefined) found.push(note('no-backup', 'there is no good backup'));
  if (newest === undefined) return found;
  if (provenAt === undefined && !isProofDue(source, now))
    found.push(note('unproven', 'none of its backups was ever restored whole'));
  if (verifiedAt === undefined && provenAt === undefined) found.push(note('unverified', 'none was ever verified'));
  if (rtoMs !== undefined && restoreTime?.from !== 'restores')
    found.push(note('not-measured', 'how long a restore takes was never measured'));
  for (const [text, all] of Map.groupBy(source.odd, (one) => one.text)) {
    const into = listed(
      all.map(({ repository }) => repository),
      'and',
    );
    found.push(note('unusual', `its last backup into ${into} ${text}`));
  }
  return found;
}

const STATES: readonly (readonly [ProtectionReason['code'], ProtectionState])[] = [
  ['late', 'late'],
  ['clock', 'late'],
  ['overdue', 'late'],
  ['failed', 'failed'],
  ['damaged', 'damaged'],
  ['too-slow', 'too slow'],
  ['proof-due', 'proof due'],
  ['no-backup', 'none'],
  ['unproven', 'unproven'],
];

function stateOf(reasons: readonly ProtectionReason[]): ProtectionState {
  const told = reasons.filter(({ code, alarm }) => alarm || code !== 'overdue');
  return STATES.find(([code]) => told.some((one) => one.code === code))?.[1] ?? 'ok';
}

function elapsed(time: Date, now: Date): string {
  return formatElapsed(Math.max(0, now.getTime() - time.getTime()));
}

function ago(time: Date, now: Date): string {
  const ms = now.getTime() - time.getTime();
  return ms >= 0 ? `${formatElapsed(ms)} ago` : `${formatElapsed(-ms)} in the future`;
}

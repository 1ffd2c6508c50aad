/**
 * Whether a source has the copies it should: so many, on so many media, so many of them somewhere else. Only a copy that is young enough and
 * was proven counts; one more never makes the verdict worse.
 */
import { formatElapsed, spanName } from '../base/durations.ts';
import { listed } from '../base/nearest.ts';
import { mostApart } from './apart.ts';
import { isOffSite, type Keeping, mayShareAdministrator, mayShareMedium } from './keeping.ts';

/** What is wanted. Every number counts the original too, but for `offSite`. */
export interface CopiesRule {
  readonly copies: number;
  readonly media: number;
  readonly offSite: number;
  /** How old the newest good backup of a copy may be; undefined: as old as it likes. */
  readonly maxAgeMs?: number | undefined;
  /** How long ago a copy was proven at most; undefined: ever. */
  readonly verifiedWithinMs?: number | undefined;
  readonly administrators?: number | undefined;
}

export interface Original extends Keeping {
  /** False: it was looked for and is not there. */
  readonly isThere: boolean;
}

/** What one repository has of the source. */
export interface CopyFacts extends Keeping {
  readonly repository: string;
  /** Time of the newest backup in it that is not known to be damaged; undefined: there is none. */
  readonly newest: Date | undefined;
  /** The last time that one of these was read back whole and was good. */
  readonly proof: CopyProof | undefined;
  /** Why nothing that is listed counts, such as a folder that is not there; undefined: nothing is known to speak against it. */
  readonly problem: string | undefined;
  /** Only the newest state is kept in it. */
  readonly isLatestOnly: boolean;
}

export interface CopyProof {
  /** `restored` and `drilled` whole; `verified`: every stored byte of it was read. */
  readonly how: 'restored' | 'drilled' | 'verified';
  readonly at: Date;
  /** Time of the backup that was proven. */
  readonly of: Date;
}

export interface CopiesReason {
  readonly code:
    | ('copies' | 'media' | 'off-site' | 'administrators')
    | ('no-original' | 'no-backup' | 'problem' | 'clock' | 'old' | 'unproven' | 'proof-old' | 'latest-only');
  /** True where the rule is broken; the others say why a copy does not count, or what is worth knowing. */
  readonly alarm: boolean;
  /** '' where it is about all copies. */
  readonly repository: string;
  /** Follows the name of the source and a colon. */
  readonly text: string;
}

export interface CopiesVerdict {
  /** Undefined: no rule is set. */
  readonly kept: boolean | undefined;
  /** With the original. */
  readonly copies: number;
  readonly media: number;
  readonly offSite: number;
  readonly administrators: number;
  /** Repositories that count. */
  readonly counted: readonly string[];
  /** What breaks the rule first. */
  readonly reasons: readonly CopiesReason[];
}

/** Clocks of two machines may differ by this much. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

export function judgeCopies(
  original: Original,
  copies: readonly CopyFacts[],
  rule: CopiesRule | undefined,
  now: Date,
): CopiesVerdict {
  const against = new Map(copies.map((copy) => [copy, reasonAgainst(copy, rule, now)]));
  const counted = copies.filter((copy) => against.get(copy) === undefined);
  const kept: readonly Keeping[] = original.isThere ? [original, ...counted] : counted;
  const numbers = {
    copies: kept.length,
    media: mostApart(kept, mayShareMedium),
    offSite: counted.filter((copy) => isOffSite(copy, original)).length,
    administrators: mostApart(kept, mayShareAdministrator),
  };
  const broken = rule === undefined ? [] : brokenParts(numbers, rule);
  const notes = [...against.values()].filter((reason) => reason !== undefined);
  if (!original.isThere) notes.unshift(note('no-original', '', 'the original itself is not there'));
  if (counted.length > 0 && counted.every(({ isLatestOnly }) => isLatestOnly)) notes.push(latestOnly(counted));
  return {
    kept: rule === undefined ? undefined : broken.length === 0,
    ...numbers,
    counted: counted.map(({ repository }) => repository),
    reasons: [...broken, ...notes],
  };
}

function brokenParts(
  { copies, media, offSite, administrators }: Omit<CopiesVerdict, 'kept' | 'counted' | 'reasons'>,
  rule: CopiesRule,
): CopiesReason[] {
  const parts: readonly (readonly [CopiesReason['code'], number, number, string])[] = [
    [
      'copies',
      copies,
      rule.copies,
      copies === 1 ? 'proven copy, original included' : 'proven copies, original included',
    ],
    ['media', media, rule.media, media === 1 ? 'medium is sure' : 'media are sure'],
    ['off-site', offSite, rule.offSite, offSite === 1 ? 'copy is off-site' : 'copies are off-site'],
    [
      'administrators',
      administrators,
      rule.administrators ?? 0,
      administrators === 1 ? 'administrator has all of it' : 'administrators are sure',
    ],
  ];
  return parts.flatMap(([code, has, wanted, what]) =>
    has >= wanted ? [] : [{ code, alarm: true, repository: '', text: `${has} ${what}, ${wanted} wanted` }],
  );
}

/** Why a copy does not count; undefined: it does. */
function reasonAgainst(copy: CopyFacts, rule: CopiesRule | undefined, now: Date): CopiesReason | undefined {
  const { repository, newest, proof, problem } = copy;
  const no = (code: CopiesReason['code'], text: string) =>
    note(code, repository, `${repository} does not count: ${text}`);
  if (problem !== undefined) return no('problem', problem);
  if (newest === undefined) return no('no-backup', 'it has no good backup');
  if (ageOf(newest, now) < -CLOCK_TOLERANCE_MS) return no('clock', 'its newest backup is dated in the future');
  const { maxAgeMs, verifiedWithinMs } = rule ?? {};
  if (maxAgeMs !== undefined && ageOf(newest, now) > maxAgeMs) {
    return no('old', `its newest good backup is ${elapsed(newest, now)} old, at most ${spanName(maxAgeMs)} is allowed`);
  }
  if (proof === undefined) return no('unproven', 'nothing in it was ever read back whole');
  if (verifiedWithinMs !== undefined && ageOf(proof.at, now) > verifiedWithinMs) {
    return no(
      'proof-old',
      `it was last proven ${elapsed(proof.at, now)} ago, at most ${spanName(verifiedWithinMs)} is allowed`,
    );
  }
  return undefined;
}

function latestOnly(counted: readonly CopyFacts[]): CopiesReason {
  const names = listed(
    counted.map(({ repository }) => repository),
    'and',
  );
  const verb = counted.length === 1 ? 'keeps' : 'keep';
  return note(
    'latest-only',
    '',
    `${names} ${verb} only the newest state: what was spoilt unseen before it is spoilt there too`,
  );
}

function note(code: CopiesReason['code'], repository: string, text: string): CopiesReason {
  return { code, alarm: false, repository, text };
}

function ageOf(time: Date, now: Date): number {
  return now.getTime() - time.getTime();
}

function elapsed(time: Date, now: Date): string {
  return formatElapsed(Math.max(0, ageOf(time, now)));
}

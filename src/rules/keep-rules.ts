/** The single rules of a retention policy: each looks at the points from the newest to the oldest and answers for each. */
import { spanName } from '../base/durations.ts';
import { PERIODS, type Period, periodOf } from './calendar.ts';
import type { Count, RetentionPolicy } from './policy.ts';

export interface Candidate {
  readonly time: Date;
  readonly tags: readonly string[];
}

/** Why a rule keeps a point, or why it does not. */
export interface Answer {
  readonly kept: boolean;
  readonly text: string;
}

/** Remembers what it kept: call it once for each point, newest first. */
export type KeepRule = (point: Candidate, isOldest: boolean) => Answer;

export function didNotKeep(answer: Answer): boolean {
  return !answer.kept;
}

/** The rules of `policy` for `points`, which are sorted from the newest to the oldest. */
export function keepRules(points: readonly Candidate[], policy: RetentionPolicy, timeZone: string): KeepRule[] {
  const newestMs = points[0]?.time.getTime() ?? 0;
  const rules: KeepRule[] = [];
  const tags = (policy.tags ?? []).filter((list) => list.length > 0);
  if (tags.length > 0) rules.push(taggedRule(tags));
  if (isPositive(policy.withinMs)) rules.push(withinRule(newestMs, policy.withinMs));
  if (isPositive(policy.last)) rules.push(lastRule(policy.last));
  for (const period of PERIODS) {
    const count = policy[period];
    if (isPositive(count)) rules.push(periodRule(period, count, timeZone));
  }
  for (const period of PERIODS) {
    const ms = policy.periodsWithinMs?.[period];
    if (isPositive(ms)) rules.push(periodWithinRule(period, newestMs, ms, timeZone));
  }
  return rules;
}

function isPositive<Value extends Count>(value: Value | undefined): value is Value {
  return value === 'all' || (typeof value === 'number' && value > 0);
}

function taggedRule(lists: readonly (readonly string[])[]): KeepRule {
  return (point) => {
    const match = lists.find((list) => list.every((tag) => point.tags.includes(tag)));
    return match === undefined ? no('not tagged') : yes(`tagged ${match.join(' ')}`);
  };
}

function withinRule(newestMs: number, withinMs: number): KeepRule {
  const name = `within ${spanName(withinMs)}`;
  return (point) => (isWithin(point, newestMs, withinMs) ? yes(name) : no(`not ${name}`));
}

function lastRule(count: Count): KeepRule {
  let kept = 0;
  return () => {
    if (count !== 'all' && kept >= count) return no(`not among the last ${count}`);
    kept += 1;
    return yes(count === 'all' ? 'last: all' : `last ${kept}/${count}`);
  };
}

function periodRule(period: Period, count: Count, timeZone: string): KeepRule {
  let current: string | undefined;
  let kept = 0;
  return (point, isOldest) => {
    if (count !== 'all' && kept >= count) return no(`${period}: ${count} newer are kept`);
    const name = periodOf(point.time, period, timeZone);
    if (name === current && !isOldest) return no(`${period}: a newer one of ${name} is kept`);
    const label = name === current ? `oldest ${period}` : period;
    current = name;
    kept += 1;
    return yes(count === 'all' ? `${label} ${name}` : `${label} ${kept}/${count}: ${name}`);
  };
}

function periodWithinRule(period: Period, newestMs: number, withinMs: number, timeZone: string): KeepRule {
  const suffix = `within ${spanName(withinMs)}`;
  let current: string | undefined;
  return (point, isOldest) => {
    if (!isWithin(point, newestMs, withinMs)) return no(`${period}: not ${suffix}`);
    const name = periodOf(point.time, period, timeZone);
    if (name === current && !isOldest) return no(`${period}: a newer one of ${name} is kept`);
    const label = name === current ? `oldest ${period}` : period;
    current = name;
    return yes(`${label} ${suffix}: ${name}`);
  };
}

function isWithin(point: Candidate, newestMs: number, withinMs: number): boolean {
  return point.time.getTime() > newestMs - withinMs;
}

function yes(text: string): Answer {
  return { kept: true, text };
}

function no(text: string): Answer {
  return { kept: false, text };
}

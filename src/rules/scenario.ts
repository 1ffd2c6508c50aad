/** What would be lost, and how long it would take, if something happened now: against what may be. */
import { formatElapsed, spanName } from '../base/durations.ts';
import { listed } from '../base/nearest.ts';
import type { RestoreTime } from './restore-time.ts';

export interface ScenarioFacts {
  readonly rpoMs: number | undefined;
  readonly rtoMs: number | undefined;
  /** What has to come back, from the repositories that are left. */
  readonly members: readonly ScenarioMember[];
}

export interface ScenarioMember {
  readonly source: string;
  /** Time of the newest good backup; undefined: there is none. */
  readonly newest: Date | undefined;
  /** Undefined: nothing was measured. */
  readonly restoreTime: RestoreTime | undefined;
}

export interface ScenarioVerdict {
  readonly state: 'ok' | 'late' | 'too slow' | 'not measured';
  /** True when a target is exceeded. */
  readonly alarm: boolean;
  /** So much work of the worst source is lost; undefined where one has no backup at all. */
  readonly lostMs: number | undefined;
  /** Until everything is back, one after another, by what was measured; undefined where nothing was. */
  readonly expectedMs: number | undefined;
  /** Sources whose restore was never measured: it takes that much longer. */
  readonly unmeasured: readonly string[];
  readonly rpoKept: boolean | undefined;
  /** Undefined also where not all was measured, and what was does not take too long yet. */
  readonly rtoKept: boolean | undefined;
  /** What follows the name of the scenario and a colon. */
  readonly reasons: readonly string[];
}

export function judgeScenario(facts: ScenarioFacts, now: Date): ScenarioVerdict {
  const { members, rpoMs, rtoMs } = facts;
  const ages = members.map(({ newest }) => (newest === undefined ? undefined : now.getTime() - newest.getTime()));
  const lostMs = ages.includes(undefined) ? undefined : Math.max(0, ...ages.map(Number));
  const unmeasured = members.filter(({ restoreTime }) => restoreTime?.from !== 'restores').map(({ source }) => source);
  const expected = members.flatMap(({ restoreTime }) => restoreTime?.expectedMs ?? []);
  const expectedMs = expected.length === 0 ? undefined : expected.reduce((sum, ms) => sum + ms, 0);
  const rpoKept = rpoMs === undefined ? undefined : lostMs !== undefined && lostMs <= rpoMs;
  const rtoKept = keepsRto(rtoMs, expectedMs, unmeasured);
  return {
    state:
      rpoKept === false ? 'late' : rtoKept === false ? 'too slow' : isUnknown(rtoMs, rtoKept) ? 'not measured' : 'ok',
    alarm: rpoKept === false || rtoKept === false,
    ...{ lostMs, expectedMs, unmeasured, rpoKept, rtoKept },
    reasons: [...lossReasons(facts, now), ...(rtoKept === false ? [slowReason(rtoMs ?? 0, expectedMs ?? 0)] : [])],
  };
}

function keepsRto(rtoMs: number | undefined, expectedMs: number | undefined, unmeasured: readonly string[]) {
  if (rtoMs === undefined) return undefined;
  if (expectedMs !== undefined && expectedMs > rtoMs) return false;
  return unmeasured.length === 0 ? true : undefined;
}

function isUnknown(rtoMs: number | undefined, rtoKept: boolean | undefined): boolean {
  return rtoMs !== undefined && rtoKept === undefined;
}

function lossReasons({ members, rpoMs }: ScenarioFacts, now: Date): string[] {
  if (rpoMs === undefined) return [];
  const limit = `at most ${spanName(rpoMs)} of work may be lost`;
  const without = members.filter(({ newest }) => newest === undefined).map(({ source }) => source);
  const none = without.length === 0 ? [] : [`there is no good backup of ${listed(without, 'and')}, and ${limit}`];
  const late = members.flatMap(({ source, newest }) => {
    const ageMs = newest === undefined ? 0 : now.getTime() - newest.getTime();
    return ageMs > rpoMs ? [`the newest good backup of ${source} is ${formatElapsed(ageMs)} old, and ${limit}`] : [];
  });
  return [...none, ...late];
}

function slowReason(rtoMs: number, expectedMs: number): string {
  const took = `getting everything back takes about ${formatElapsed(expectedMs)} by what was measured`;
  return `${took}, and it may take ${spanName(rtoMs)}`;
}

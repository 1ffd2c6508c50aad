import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromLocalTime, localTime } from './calendar.ts';
import { type PresetName, presetPolicy } from './presets.ts';
import { decideRetention, type RetentionPoint } from './retention.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 366;

interface Site {
  readonly preset: PresetName;
  readonly timeZone: string;
  /** Local times of day as `[hour, minute]`, or every hour at a minute. */
  readonly at: readonly [hour: number, minute: number] | { readonly everyHourAt: number };
  /** How often cleanup runs. */
  readonly cleanupDays: number;
}

/** A leap year in zones with summer time; in New York, 02:00 does not exist on the 10th of March. */
const SITES: readonly Site[] = [
  { preset: 'daily-28', timeZone: 'Europe/London', at: [3, 7], cleanupDays: 1 },
  { preset: 'hourly-24', timeZone: 'Europe/London', at: { everyHourAt: 51 }, cleanupDays: 1 },
  { preset: 'latest-only', timeZone: 'Europe/London', at: [4, 4], cleanupDays: 1 },
  { preset: 'gfs-7-4-12', timeZone: 'America/New_York', at: [2, 0], cleanupDays: 7 },
];

for (const site of SITES) {
  test(`a year of ${site.preset}, cleaned up as it goes, leaves what the golden file lists`, (t) => {
    const golden = join(import.meta.dirname, 'testdata', `year-${site.preset}.txt`);
    t.assert.fileSnapshot(show(aYearOf(site)), golden, { serializers: [String] });
  });
}

test('each preset keeps exactly as many as its name says', () => {
  const kept = (preset: PresetName) => aYearOf(SITES.find((site) => site.preset === preset)!).last;
  const good = (preset: PresetName) => kept(preset).filter(({ point }) => point.complete !== false);
  assert.equal(good('daily-28').length, 28);
  assert.equal(good('hourly-24').length, 24);
  assert.equal(good('latest-only').length, 1);
  const gfs = kept('gfs-7-4-12');
  const counted = (rule: string) => gfs.filter(({ reasons }) => reasons.some((reason) => reason.startsWith(rule)));
  assert.deepEqual(
    [counted('daily'), counted('weekly'), counted('monthly')].map(({ length }) => length),
    [7, 4, 12],
  );
});

test('what is kept for a month is on the weekday that its last day happens to be', () => {
  const gfs = aYearOf(SITES.find(({ preset }) => preset === 'gfs-7-4-12')!).last;
  const monthly = gfs.filter(({ reasons }) => reasons.some((reason) => reason.startsWith('monthly')));
  assert.ok(new Set(monthly.map(({ point }) => point.time.getUTCDay())).size >= 5);
});

interface Year {
  /** How many there are after each month. */
  readonly counts: readonly string[];
  readonly last: ReturnType<typeof decideRetention>['keep'];
}

/** Every 31st backup fails: it leaves a point that is not complete. */
function aYearOf({ preset, timeZone, at, cleanupDays }: Site): Year {
  const policy = presetPolicy(preset);
  const counts: string[] = [];
  let kept: readonly RetentionPoint[] = [];
  let made = 0;
  let last: Year['last'] = [];
  for (let day = 0; day < DAYS; day++) {
    const times = 'everyHourAt' in at ? hoursOf(day, at.everyHourAt, timeZone) : [moment(day, at, timeZone)];
    kept = [...kept, ...times.map((time) => ({ id: `n${made}`, time, tags: [], complete: made++ % 31 !== 30 }))];
    const isLast = day === DAYS - 1;
    if (day % cleanupDays !== cleanupDays - 1 && !isLast) continue;
    const now = new Date(kept.at(-1)!.time.getTime() + 2 * HOUR_MS);
    const decision = decideRetention(kept, policy, {
      now,
      timeZone,
      listingComplete: true,
      newestWithinMs: 7 * DAY_MS,
    });
    assert.equal(decision.refusal, undefined);
    kept = decision.keep.map(({ point }) => point).toReversed();
    last = decision.keep;
    const { month } = localTime(now, timeZone);
    const isMonthEnd = localTime(new Date(now.getTime() + cleanupDays * DAY_MS), timeZone).month !== month;
    if (isMonthEnd || isLast) counts.push(`${now.toISOString().slice(0, 10)}: ${kept.length} of ${made}`);
  }
  return { counts, last };
}

function moment(day: number, [hour, minute]: readonly [number, number], timeZone: string): Date {
  return fromLocalTime(Date.UTC(2024, 0, 1 + day, hour, minute), timeZone);
}

/** 23, 24 or 25 of them. */
function hoursOf(day: number, minute: number, timeZone: string): Date[] {
  const times: Date[] = [];
  const end = moment(day + 1, [0, minute], timeZone).getTime();
  for (let ms = moment(day, [0, minute], timeZone).getTime(); ms < end; ms += HOUR_MS) times.push(new Date(ms));
  return times;
}

function show({ counts, last }: Year): string {
  const lines = last.map(({ point, reasons }) => `${point.time.toISOString().slice(0, 16)} ${reasons.join(', ')}`);
  return `${['after the cleanup of', ...counts, 'kept at the end', ...lines].join('\n')}\n`;
}

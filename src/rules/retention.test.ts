import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromLocalTime } from './calendar.ts';
import type { RetentionPolicy } from './policy.ts';
import { decideRetention, type RetentionDecision, type RetentionHow, type RetentionPoint } from './retention.ts';

const LONDON = 'Europe/London';
const DAY_MS = 86_400_000;
const HOW: RetentionHow = { now: new Date('2026-01-01T00:00:00Z'), timeZone: LONDON, listingComplete: true };

const PRESETS: Readonly<Record<string, RetentionPolicy>> = {
  'last-28': { last: 28 },
  'hourly-24-daily-7': { hourly: 24, daily: 7 },
  'daily-7-weekly-4-monthly-12': { daily: 7, weekly: 4, monthly: 12 },
  'weekly-all-yearly-3': { weekly: 'all', yearly: 3 },
  'within-14d-monthly-within-200d': { withinMs: 14 * DAY_MS, periodsWithinMs: { monthly: 200 * DAY_MS } },
  'tagged-or-last-3': { last: 3, tags: [['release'], ['manual', 'pin']] },
};

for (const [name, policy] of Object.entries(PRESETS)) {
  test(`a year of backups under ${name} keeps what the golden file lists`, (t) => {
    const shown = show(decideRetention(aYear(), policy, HOW));
    const golden = join(import.meta.dirname, 'testdata', `${name}.txt`);
    t.assert.fileSnapshot(shown, golden, { serializers: [String] });
  });
}

test('the reasons of what goes say which newer snapshot stays instead', () => {
  const points = [point('a', '2025-12-30T03:00Z'), point('b', '2025-12-30T01:00Z'), point('c', '2025-12-29T01:00Z')];
  const { remove } = decideRetention([...points, point('d', '2025-12-01T00:00Z')], { daily: 2 }, HOW);
  assert.deepEqual(
    remove.map(({ point, reasons }) => [point.id, ...reasons]),
    [
      ['b', 'daily: a newer one of 2025-12-30 is kept'],
      ['d', 'daily: 2 newer are kept'],
    ],
  );
});

test('a rule with counts left keeps the oldest snapshot too', () => {
  const points = [point('a', '2025-12-30T03:00Z'), point('b', '2025-12-30T02:00Z'), point('c', '2025-12-30T01:00Z')];
  const { keep } = decideRetention(points, { daily: 5 }, HOW);
  assert.deepEqual(
    keep.map(({ point, reasons }) => [point.id, ...reasons]),
    [
      ['a', 'daily 1/5: 2025-12-30', 'newest'],
      ['c', 'oldest daily 2/5: 2025-12-30'],
    ],
  );
});

test('days begin at local midnight, not at midnight UTC', () => {
  const points = [point('a', '2025-07-01T23:30Z'), point('b', '2025-07-01T22:30Z')];
  assert.equal(decideRetention(points, { daily: 1 }, { ...HOW, timeZone: 'UTC' }).keep.length, 1);
  assert.equal(decideRetention(points, { daily: 2 }, HOW).keep[0]?.reasons[0], 'daily 1/2: 2025-07-02');
});

test('both hours of the autumn night that are called one o’clock count as hours', () => {
  const points = [point('a', '2025-10-26T01:30Z'), point('b', '2025-10-26T00:30Z'), point('c', '2025-10-25T23:30Z')];
  const { keep, remove } = decideRetention(points, { hourly: 2 }, HOW);
  assert.deepEqual(ids(keep), ['a', 'b']);
  assert.deepEqual(ids(remove), ['c']);
});

test('an ISO week at the turn of the year is one week', () => {
  const points = [point('a', '2026-01-04T03:00Z'), point('b', '2025-12-29T03:00Z'), point('c', '2025-12-28T03:00Z')];
  const { keep } = decideRetention(points, { weekly: 2 }, { ...HOW, now: new Date('2026-01-05T00:00Z') });
  assert.deepEqual(keep[0]?.reasons[0], 'weekly 1/2: 2026-W01');
  assert.deepEqual(ids(keep), ['a', 'c']);
});

test('`within` counts back from the newest snapshot, so that nothing expires while no backups are made', () => {
  const points = [point('a', '2020-01-10T00:00Z'), point('b', '2020-01-03T00:01Z'), point('c', '2020-01-03T00:00Z')];
  const { keep, remove } = decideRetention(points, { withinMs: 7 * DAY_MS }, HOW);
  assert.deepEqual([ids(keep), ids(remove)], [['a', 'b'], ['c']]);
});

test('the newest proven snapshot stays although the policy would let it go', () => {
  const points = [
    point('a', '2025-12-30T03:00Z'),
    { ...point('b', '2025-11-30T02:00Z'), proven: true },
    { ...point('c', '2025-10-30T01:00Z'), proven: true },
  ];
  const { keep, remove } = decideRetention(points, { last: 1 }, HOW);
  assert.deepEqual(keep[1], { point: points[1], reasons: ['newest proven'] });
  assert.deepEqual(ids(remove), ['c']);
});

test('failed runs fill no slot, and never push a good snapshot out', () => {
  const failed = ['2025-12-31T03:00Z', '2025-12-30T03:00Z', '2025-12-28T03:00Z'];
  const points = failed.map((time, at) => ({ ...point(`failed${at}`, time), complete: false, proven: true }));
  const good = [point('good1', '2025-12-29T03:00Z'), point('good2', '2025-12-27T03:00Z')];
  const { keep, remove } = decideRetention([...points, ...good], { last: 2 }, HOW);
  assert.deepEqual(ids(keep), ['failed0', 'failed1', 'good1', 'good2']);
  assert.deepEqual(ids(remove), ['failed2']);
  assert.deepEqual(ids(decideRetention(points, { last: 1 }, HOW).remove), []);
});

test('nothing is removed when the listing is partial, the policy is empty, or a clock is wrong', () => {
  const points = [point('aaaaaaaabbbb', '2025-12-30T03:00Z'), point('b', '2025-12-29T03:00Z')];
  const cases: [RetentionPolicy, Partial<RetentionHow>, RegExp][] = [
    [{ last: 1 }, { listingComplete: false }, /not complete/],
    [{}, {}, /keeps nothing/],
    [{ last: 0, daily: 0, withinMs: 0, tags: [[]] }, {}, /keeps nothing/],
    [{ last: 1 }, { now: new Date('2025-12-30T02:00Z') }, /^aaaaaaaabbbb is dated 2025-12-30T03.* a clock is wrong$/],
    [{ last: 1 }, { now: new Date(Number.NaN) }, /current time/],
  ];
  for (const [policy, how, refused] of cases) {
    const decision = decideRetention(points, policy, { ...HOW, ...how });
    assert.match(decision.refusal?.why ?? '', refused);
    assert.deepEqual([decision.keep.length, decision.remove.length], [2, 0]);
  }
  const undated = [...points, { ...point('c', ''), time: new Date(Number.NaN) }];
  assert.match(decideRetention(undated, { last: 1 }, HOW).refusal?.why ?? '', /time of c is not known/);
});

test('a snapshot a few minutes in the future is an ordinary difference between clocks', () => {
  const points = [point('a', '2025-12-30T03:00Z'), point('b', '2025-12-29T03:00Z')];
  const { refusal, remove } = decideRetention(points, { last: 1 }, { ...HOW, now: new Date('2025-12-30T02:55Z') });
  assert.equal(refusal, undefined);
  assert.deepEqual(ids(remove), ['b']);
});

test('no snapshots is no decision, and no failure', () => {
  assert.deepEqual(decideRetention([], { last: 1 }, HOW), { keep: [], remove: [] });
});

/** Every night at 03:07 London time, every hour in the last two days, with tags, failures and proofs here and there. */
function aYear(): RetentionPoint[] {
  const nightly = Array.from({ length: 365 }, (_, day): RetentionPoint => {
    const time = fromLocalTime(Date.UTC(2025, 0, 1 + day, 3, 7), LONDON);
    const tags = day % 50 === 10 ? ['release'] : day % 70 === 5 ? ['manual', 'pin'] : day % 9 === 0 ? ['pin'] : [];
    return { id: `night-${day}`, time, tags, complete: day % 31 !== 30, proven: day === 100 || day === 200 };
  });
  const hourly = Array.from({ length: 44 }, (_, hour): RetentionPoint => {
    return { id: `hour-${hour}`, time: new Date(Date.UTC(2025, 11, 30, hour, 30)), tags: [] };
  });
  return [...nightly, ...hourly];
}

function show({ keep, remove, refusal }: RetentionDecision<RetentionPoint>): string {
  const lines = keep.map(({ point, reasons }) => `keep   ${show1(point)}: ${reasons.join(', ')}`);
  const gone = remove.map(({ point, reasons }) => `remove ${show1(point)}: ${reasons.join(', ')}`);
  const some = gone.length > 20 ? [...gone.slice(0, 10), `(${gone.length - 20} more)`, ...gone.slice(-10)] : gone;
  return `${[`kept ${keep.length}, removed ${remove.length}, refused: ${refusal?.why ?? 'no'}`, ...lines, ...some].join('\n')}\n`;
}

function show1({ id, time }: RetentionPoint): string {
  return `${time.toISOString().slice(0, 16)} ${id}`;
}

function ids(decided: readonly { readonly point: RetentionPoint }[]): string[] {
  return decided.map(({ point }) => point.id);
}

function point(id: string, time: string): RetentionPoint {
  return { id, time: new Date(time), tags: [] };
}

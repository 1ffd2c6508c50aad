import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RetentionPolicy } from './policy.ts';
import { decideRetention, type RetentionHow, type RetentionPoint } from './retention.ts';
import { cameLate } from './stored-time.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 5, 17, 12);
const HOW: RetentionHow = { now: new Date(NOW_MS), timeZone: 'Europe/London', listingComplete: true };

interface Added {
  readonly claimedMs: number;
  readonly storedMs: number;
}

function pointOf(id: string, { claimedMs, storedMs }: Added): RetentionPoint {
  const time = new Date(claimedMs);
  return { id, time, tags: [], late: cameLate(time, new Date(storedMs)) };
}

/** Hours before now at which good backups were made, each stored within the hour. */
const good = fc
  .uniqueArray(fc.integer({ min: 1, max: 400 * 24 }), { minLength: 1, maxLength: 50 })
  .map((hours) =>
    hours.map((ago) =>
      pointOf(`good${ago}`, { claimedMs: NOW_MS - ago * HOUR_MS, storedMs: NOW_MS - (ago - 0.5) * HOUR_MS }),
    ),
  );
const count = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined });
const spanMs = fc.option(
  fc.integer({ min: 1, max: 300 }).map((days) => days * DAY_MS),
  { nil: undefined },
);
const policies = fc
  .record({ hourly: count, daily: count, weekly: count, monthly: count, yearly: count, last: count, withinMs: spanMs })
  .map((raw) => Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== undefined)) as RetentionPolicy)
  .filter((policy) => Object.keys(policy).length > 0);

function removed(points: readonly RetentionPoint[], policy: RetentionPolicy): Set<string> {
  return new Set(decideRetention(points, policy, HOW).remove.map(({ point }) => point.id));
}

test('a time is believed when it was stored within a day of it, and not before', () => {
  const claimed = new Date(NOW_MS);
  const late = (afterMs: number) => cameLate(claimed, new Date(NOW_MS + afterMs));
  assert.deepEqual([0, DAY_MS, DAY_MS + 1, -10 * MINUTE_MS, -11 * MINUTE_MS].map(late), [
    false,
    false,
    true,
    false,
    true,
  ]);
  assert.equal(cameLate(claimed, undefined), false);
  assert.equal(cameLate(new Date(Number.NaN), new Date(NOW_MS)), true);
});

test('whatever is added with a time that is not that of its storing, nothing good goes that would have stayed', () => {
  const lies = fc.array(
    fc
      .record({
        claimedMs: fc.integer({ min: NOW_MS - 500 * DAY_MS, max: NOW_MS + 500 * DAY_MS }),
        storedMs: fc.integer({ min: NOW_MS - 30 * DAY_MS, max: NOW_MS }),
      })
      .filter(({ claimedMs, storedMs }) => cameLate(new Date(claimedMs), new Date(storedMs))),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(good, lies, policies, (points, added, policy) => {
      const without = removed(points, policy);
      const withAdded = removed([...points, ...added.map((one, at) => pointOf(`bad${at}`, one))], policy);
      for (const { id } of points) assert.ok(!withAdded.has(id) || without.has(id), `${id} would have stayed`);
    }),
    { numRuns: 300 },
  );
});

/**
 * Who adds backups at their right times can not be told from the machine itself. It can let good ones get old no faster than the clock: what was there
 * a day before it began goes only if it had gone with a good backup in every hour since. `last` counts backups and is no such rule.
 */
test('backups that are added at their right times push out no more than good ones would have, but for `last`', () => {
  const taken = fc.record({
    sinceHours: fc.integer({ min: 1, max: 25 * 24 }),
    added: fc.array(
      fc.record({
        part: fc.double({ min: 0, max: 1, noNaN: true }),
        beforeMs: fc.integer({ min: -10 * MINUTE_MS, max: DAY_MS }),
      }),
      { maxLength: 60 },
    ),
  });
  fc.assert(
    fc.property(good, taken, policies, (all, { sinceHours, added }, { last: _, ...policy }) => {
      fc.pre(Object.keys(policy).length > 0);
      const sinceMs = NOW_MS - sinceHours * HOUR_MS;
      const before = all.filter(({ time }) => time.getTime() < sinceMs - DAY_MS);
      const bad = added.map(({ part, beforeMs }, at) => {
        const storedMs = Math.round(sinceMs + part * (NOW_MS - sinceMs));
        return pointOf(`bad${at}`, { storedMs, claimedMs: storedMs - beforeMs });
      });
      const every = Array.from({ length: sinceHours + 26 }, (_, at) => NOW_MS + 10 * MINUTE_MS - at * HOUR_MS);
      const busy = every
        .flatMap((endMs) => [endMs, endMs - 1])
        .map((ms, at) => pointOf(`busy${at}`, { claimedMs: ms, storedMs: ms }));
      const expected = removed([...before, ...busy], policy);
      const found = removed([...before, ...bad], policy);
      for (const { id } of before) assert.ok(!found.has(id) || expected.has(id), `${id} would have stayed`);
    }),
    { numRuns: 50 },
  );
});

test('where all are copies of something old they count as if they had always been there', () => {
  fc.assert(
    fc.property(good, policies, (points, policy) => {
      const copies = points.map((point) => ({ ...point, late: true }));
      assert.deepEqual(removed(copies, policy), removed(points, policy));
    }),
  );
});

test('copies of something old fill the slots that the others leave free, and the reason says so', () => {
  const days = (ago: number, storedAgo = ago) =>
    pointOf(`day${ago}`, { claimedMs: NOW_MS - ago * DAY_MS, storedMs: NOW_MS - storedAgo * DAY_MS });
  const { keep, remove } = decideRetention(
    [days(1), days(2), days(40, 0), days(41, 0), days(90, 0)],
    { monthly: 3 },
    HOW,
  );
  assert.deepEqual(
    keep.map(({ point, reasons }) => [point.id, reasons.at(-1)]),
    [
      ['day1', 'newest'],
      ['day2', 'oldest monthly 2/3: 2026-06'],
      ['day40', 'came long after its time: takes no slot'],
      ['day90', 'came long after its time: takes no slot'],
    ],
  );
  assert.deepEqual(
    remove.map(({ point }) => point.id),
    ['day41'],
  );
});

test('one that is dated in the future stops nothing where the service knows when it came', () => {
  const future = pointOf('future', { claimedMs: NOW_MS + 300 * DAY_MS, storedMs: NOW_MS - DAY_MS });
  const points = [1, 2, 3, 4].map((ago) =>
    pointOf(`day${ago}`, { claimedMs: NOW_MS - ago * DAY_MS, storedMs: NOW_MS - ago * DAY_MS }),
  );
  assert.deepEqual([...removed([...points, future], { last: 2 })], ['day3', 'day4']);
  assert.equal(decideRetention([...points, { ...future, late: false }], { last: 2 }, HOW).refusal?.code, 'clock');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PERIODS } from './calendar.ts';
import { isEmptyPolicy, type RetentionPolicy } from './policy.ts';
import { decideRetention, type RetentionHow, type RetentionPoint } from './retention.ts';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2023, 9, 1);
const HOW: RetentionHow = { now: new Date(Date.UTC(2026, 0, 1)), timeZone: 'Europe/London', listingComplete: true };

const points = fc
  .array(
    fc.record({
      hours: fc.oneof(fc.integer({ min: 0, max: 72 }), fc.integer({ min: 0, max: 800 * 24 })),
      tags: fc.subarray(['pin', 'release', 'manual']),
      complete: fc.oneof({ arbitrary: fc.constant(true), weight: 5 }, { arbitrary: fc.constant(false), weight: 1 }),
      proven: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((raw) =>
    raw.map(({ hours, ...rest }, at) => ({ ...rest, id: `id${at}`, time: new Date(START_MS + hours * HOUR_MS) })),
  );
const count = fc.option(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant<'all'>('all')), { nil: undefined });
const spanMs = fc.option(
  fc.integer({ min: 1, max: 400 }).map((days) => days * 24 * HOUR_MS),
  { nil: undefined },
);
const policies: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    last: count,
    hourly: count,
    daily: count,
    weekly: count,
    monthly: count,
    yearly: count,
    withinMs: spanMs,
    periodsWithinMs: fc.record({ daily: spanMs, monthly: spanMs }),
    tags: fc.option(fc.array(fc.subarray(['pin', 'release'], { minLength: 1 }), { maxLength: 2 }), { nil: undefined }),
  })
  .map(withoutUndefined);

test('each rule adds to what is kept: a policy keeps exactly the union of its single rules', () => {
  fc.assert(
    fc.property(points, policies, (all, policy) => {
      const singles = singleRules(policy).filter((single) => !isEmptyPolicy(single));
      fc.pre(singles.length > 0);
      const union = new Set(singles.flatMap((single) => keptIds(all, single)));
      assert.deepEqual(new Set(keptIds(all, policy)), union);
    }),
  );
});

test('the newest complete point and the newest proven one always stay', () => {
  fc.assert(
    fc.property(points, fc.oneof(policies, fc.constant({ last: 1 })), fc.nat(), (points, policy, drilled) => {
      // One alone: of several the newest is nearly always one that the rules keep anyway.
      const all = points.map((point, at) => ({ ...point, proven: at === drilled % points.length }));
      const kept = new Set(keptIds(all, policy));
      const complete = all.filter((point) => point.complete).sort((a, b) => b.time.getTime() - a.time.getTime());
      for (const pinned of [complete[0], complete.find((point) => point.proven)]) {
        if (pinned === undefined) continue;
        const rivals = complete.filter((point) => point.time.getTime() === pinned.time.getTime());
        assert.ok(rivals.some((point) => kept.has(point.id)));
      }
    }),
  );
});

test('applying a policy to what it kept removes nothing more', () => {
  fc.assert(
    fc.property(points, policies, (all, policy) => {
      const first = decideRetention(all, policy, HOW);
      const survivors = first.keep.map(({ point }) => point);
      assert.deepEqual(decideRetention(survivors, policy, HOW).remove, []);
    }),
  );
});

test('a larger policy keeps all that a smaller one keeps', () => {
  const grown = fc.record({ counts: fc.integer({ min: 0, max: 4 }), days: fc.integer({ min: 0, max: 60 }) });
  fc.assert(
    fc.property(points, policies, grown, (all, policy, more) => {
      fc.pre(!isEmptyPolicy(policy));
      const larger = new Set(keptIds(all, enlarge(policy, more.counts, more.days * 24 * HOUR_MS)));
      for (const id of keptIds(all, policy)) assert.ok(larger.has(id), `${id} is lost`);
    }),
  );
});

test('every point is decided exactly once, with a reason, whatever the order it came in', () => {
  fc.assert(
    fc.property(points, policies, (all, policy) => {
      const decision = decideRetention(all, policy, HOW);
      const decided = [...decision.keep, ...decision.remove];
      assert.deepEqual(decided.map(({ point }) => point.id).sort(), all.map(({ id }) => id).sort());
      assert.ok(decided.every(({ reasons }) => reasons.length > 0));
      assert.deepEqual(decideRetention(all.toReversed(), policy, HOW), decision);
    }),
  );
});

test('failed points do not change which complete points are kept', () => {
  fc.assert(
    fc.property(points, policies, (all, policy) => {
      const complete = all.filter((point) => point.complete);
      const among = keptIds(all, policy).filter((id) => complete.some((point) => point.id === id));
      assert.deepEqual(among, keptIds(complete, policy));
    }),
  );
});

test('damaged points take nothing from good ones, and go only where good ones would', () => {
  const marks = fc.array(fc.boolean(), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(points, policies, marks, (all, policy, damaged) => {
      const marked = all.map((point, at) => ({ ...point, damaged: damaged[at] === true }));
      const good = marked.filter((point) => !point.damaged);
      const kept = new Set(keptIds(marked, policy));
      assert.deepEqual(
        good.filter(({ id, complete }) => complete && kept.has(id)).map(({ id }) => id),
        good.filter(({ id, complete }) => complete && new Set(keptIds(good, policy)).has(id)).map(({ id }) => id),
      );
      const unmarked = new Set(
        keptIds(
          all.map((point) => ({ ...point, proven: false })),
          policy,
        ),
      );
      for (const { id, damaged, complete } of marked)
        if (damaged && complete) assert.equal(kept.has(id), unmarked.has(id));
    }),
  );
});

function keptIds(all: readonly RetentionPoint[], policy: RetentionPolicy): string[] {
  return decideRetention(all, policy, HOW).keep.map(({ point }) => point.id);
}

function singleRules(policy: RetentionPolicy): RetentionPolicy[] {
  const { periodsWithinMs = {}, ...rest } = policy;
  const singles = Object.entries(rest).map(([key, value]): RetentionPolicy => ({ [key]: value }));
  const spans = Object.entries(periodsWithinMs).map(
    ([key, ms]): RetentionPolicy => ({ periodsWithinMs: { [key]: ms } }),
  );
  return [...singles, ...spans];
}

function enlarge(policy: RetentionPolicy, counts: number, ms: number): RetentionPolicy {
  const larger: Record<string, unknown> = { ...policy };
  for (const key of ['last', ...PERIODS]) {
    const value = larger[key];
    if (typeof value === 'number' && value > 0) larger[key] = value + counts;
  }
  if (policy.withinMs !== undefined) larger.withinMs = policy.withinMs + ms;
  const spans = Object.entries(policy.periodsWithinMs ?? {}).map(([key, value]) => [key, value + ms]);
  larger.periodsWithinMs = Object.fromEntries(spans);
  return larger;
}

function withoutUndefined(raw: object): RetentionPolicy {
  const entries = Object.entries(raw).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, key === 'periodsWithinMs' ? withoutUndefined(value) : value]),
  );
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgeScenario, type ScenarioFacts, type ScenarioMember } from './scenario.ts';

const HOUR_MS = 3_600_000;
const now = new Date('2026-11-20T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * HOUR_MS);
const member = (source: string, hours: number | undefined, minutes?: number, from = 'restores'): ScenarioMember => ({
  source,
  newest: hours === undefined ? undefined : hoursAgo(hours),
  restoreTime:
    minutes === undefined
      ? undefined
      : { expectedMs: minutes * 60_000, from: from as 'restores', measuredAt: hoursAgo(99), measurements: 1 },
});
const facts = (...members: ScenarioMember[]): ScenarioFacts => ({ rpoMs: 24 * HOUR_MS, rtoMs: 4 * HOUR_MS, members });
const judge = (...members: ScenarioMember[]) => judgeScenario(facts(...members), now);

test('what is young enough and was restored fast enough is well, with the oldest age and the sum of the times', () => {
  const verdict = judge(member('database', 10, 30), member('files', 20, 90));
  assert.deepEqual(
    [verdict.state, verdict.alarm, verdict.lostMs, verdict.expectedMs, verdict.reasons],
    ['ok', false, 20 * HOUR_MS, 2 * HOUR_MS, []],
  );
});

test('one source that is too old, or has no backup, is too much', () => {
  const late = judge(member('database', 10, 30), member('files', 25, 90), member('config', undefined));
  assert.deepEqual([late.state, late.alarm, late.lostMs, late.rpoKept], ['late', true, undefined, false]);
  assert.deepEqual(late.reasons, [
    'there is no good backup of config, and at most 1d of work may be lost',
    'the newest good backup of files is 1d 01h old, and at most 1d of work may be lost',
  ]);
});

test('restores that take too long one after another are too slow', () => {
  const slow = judge(member('database', 1, 121), member('files', 1, 120));
  assert.deepEqual([slow.state, slow.alarm, slow.rtoKept], ['too slow', true, false]);
  assert.deepEqual(slow.reasons, [
    'getting everything back takes about 4h 01m by what was measured, and it may take 4h',
  ]);
});

test('what was not restored is not known, unless the rest takes too long already', () => {
  const unknown = judge(member('database', 1, 30), member('files', 1), member('media', 1, 5, 'reading'));
  assert.deepEqual([unknown.state, unknown.alarm, unknown.rtoKept], ['not measured', false, undefined]);
  assert.deepEqual(unknown.unmeasured, ['files', 'media']);
  assert.equal(judge(member('database', 1, 300), member('files', 1)).state, 'too slow');
});

test('without targets nothing is exceeded', () => {
  const without = {
    rpoMs: undefined,
    rtoMs: undefined,
    members: [member('files', 999, 999), member('new', undefined)],
  };
  const { state, alarm, reasons } = judgeScenario(without, now);
  assert.deepEqual([state, alarm, reasons], ['ok', false, []]);
});

test('for any facts: with one source more, with time, and with less allowed nothing gets better', () => {
  const members = fc.array(
    fc.tuple(fc.option(fc.nat(100), { nil: undefined }), fc.option(fc.nat(400), { nil: undefined })),
    { maxLength: 4 },
  );
  const one = fc.tuple(fc.option(fc.nat(100), { nil: undefined }), fc.option(fc.nat(400), { nil: undefined }));
  fc.assert(
    fc.property(members, one, fc.nat(50), (some, more, hours) => {
      const named = [...some, more].map(([age, minutes], at) => member(`s${at}`, age, minutes));
      const before = judge(...named.slice(0, -1));
      const worse = [
        judge(...named),
        judgeScenario(facts(...named.slice(0, -1)), new Date(now.getTime() + hours * HOUR_MS)),
        judgeScenario({ ...facts(...named.slice(0, -1)), rpoMs: 12 * HOUR_MS, rtoMs: HOUR_MS }, now),
      ];
      for (const after of worse) {
        if (before.rpoKept === false) assert.equal(after.rpoKept, false);
        if (before.rtoKept === false) assert.equal(after.rtoKept, false);
        assert.equal(after.alarm, after.reasons.length > 0);
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judgeProtection, type ProtectionReason, type ProtectionState, type SourceProtection } from './protection.ts';

const HOUR_MS = 3_600_000;
const now = new Date('2026-11-20T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * HOUR_MS);

/** Backed up, verified, restored and fast enough. */
const GOOD: SourceProtection = {
  rpoMs: 24 * HOUR_MS,
  rtoMs: HOUR_MS,
  inJob: true,
  newest: hoursAgo(10),
  overdueSince: undefined,
  damaged: undefined,
  failures: [],
  verifiedAt: hoursAgo(9),
  provenAt: hoursAgo(100),
  proveEveryMs: 90 * 24 * HOUR_MS,
  restoreTime: { expectedMs: HOUR_MS / 2, from: 'restores', measuredAt: hoursAgo(100), measurements: 1 },
  odd: [],
};
const measured = (expectedMs: number, from: 'restores' | 'reading') => ({ ...GOOD.restoreTime!, expectedMs, from });
const failure = (repository: string, hours = 1) => ({ repository, time: hoursAgo(hours), message: 'the disk is full' });

type Row = readonly [
  what: string,
  change: Partial<SourceProtection>,
  state: ProtectionState,
  alarm: boolean,
  codes: readonly ProtectionReason['code'][],
];

const rows: readonly Row[] = [
  ['all is well', {}, 'ok', false, []],
  ['as old as it may be', { newest: hoursAgo(24) }, 'ok', false, []],
  ['a moment older', { newest: new Date(hoursAgo(24).getTime() - 1) }, 'late', true, ['late']],
  ['old, and nobody said how old it may be', { newest: hoursAgo(999), rpoMs: undefined }, 'ok', false, []],
  ['no backup, with an rpo', { newest: undefined }, 'late', true, ['late']],
  ['no backup, without', { newest: undefined, rpoMs: undefined }, 'none', false, ['no-backup']],
  ['a backup of tomorrow', { newest: hoursAgo(-24) }, 'late', true, ['clock']],
  ['a clock that is a little ahead', { newest: hoursAgo(-0.1) }, 'ok', false, []],
  ['due twice, without an rpo', { overdueSince: hoursAgo(30), rpoMs: undefined }, 'late', true, ['overdue']],
  ['due twice, and as old as it may be', { overdueSince: hoursAgo(2) }, 'ok', false, ['overdue']],
  ['the last backup failed', { failures: [failure('vault')] }, 'failed', true, ['failed']],
  ['also without an rpo', { failures: [failure('vault')], rpoMs: undefined }, 'failed', true, ['failed']],
  ['late, since it fails', { failures: [failure('vault')], newest: hoursAgo(25) }, 'late', true, ['late', 'failed']],
  ['the newest is damaged', { damaged: hoursAgo(1) }, 'damaged', true, ['damaged']],
  ['restores take too long', { restoreTime: measured(HOUR_MS + 1, 'restores') }, 'too slow', true, ['too-slow']],
  ['exactly as long as they may', { restoreTime: measured(HOUR_MS, 'restores') }, 'ok', false, []],
  [
    'long, and nobody said how long',
    { restoreTime: measured(99 * HOUR_MS, 'restores'), rtoMs: undefined },
    'ok',
    false,
    [],
  ],
  [
    'reading alone takes too long',
    { restoreTime: measured(HOUR_MS + 1, 'reading') },
    'too slow',
    true,
    ['too-slow', 'not-measured'],
  ],
  ['only reading was measured', { restoreTime: measured(1, 'reading') }, 'ok', false, ['not-measured']],
  ['nothing was measured', { restoreTime: undefined }, 'ok', false, ['not-measured']],
  ['never restored', { provenAt: undefined, proveEveryMs: undefined }, 'unproven', false, ['unproven']],
  ['never restored, and it should be', { provenAt: undefined }, 'proof due', true, ['proof-due']],
  ['restored as long ago as it may be', { provenAt: hoursAgo(90 * 24) }, 'ok', false, []],
  ['restored longer ago', { provenAt: hoursAgo(90 * 24 + 1) }, 'proof due', true, ['proof-due']],
  ['restored long ago, and nobody said', { provenAt: hoursAgo(9999), proveEveryMs: undefined }, 'ok', false, []],
  [
    'never even verified',
    { provenAt: undefined, verifiedAt: undefined, proveEveryMs: undefined },
    'unproven',
    false,
    ['unproven', 'unverified'],
  ],
  ['in no job', { inJob: false }, 'ok', false, ['no-job']],
  ['unlike those before', { odd: [{ repository: 'vault', text: 'is much smaller' }] }, 'ok', false, ['unusual']],
];

describe('the verdict about a source', () => {
  for (const [what, change, state, alarm, codes] of rows) {
    test(`${what}: ${state}`, () => {
      const verdict = judgeProtection({ ...GOOD, ...change }, now);
      assert.deepEqual(
        { state: verdict.state, alarm: verdict.alarm, codes: verdict.reasons.map(({ code }) => code) },
        { state, alarm, codes },
      );
    });
  }
});

test('what was not measured is neither kept nor missed', () => {
  assert.equal(judgeProtection({ ...GOOD, restoreTime: undefined }, now).rtoKept, undefined);
  assert.equal(judgeProtection({ ...GOOD, restoreTime: measured(1, 'reading') }, now).rtoKept, undefined);
  assert.equal(judgeProtection(GOOD, now).rtoKept, true);
  assert.equal(judgeProtection({ ...GOOD, rpoMs: undefined }, now).rpoKept, undefined);
});

test('the same failure in several repositories is told once', () => {
  const failures = [failure('vault'), failure('away'), failure('old', 5)];
  assert.deepEqual(
    judgeProtection({ ...GOOD, failures }, now).reasons.map(({ text }) => text),
    [
      'its last backup into vault and away, 1h 00m ago, failed: the disk is full',
      'its last backup into old, 5h 00m ago, failed: the disk is full',
    ],
  );
});

test('for any facts: an alarm has a reason, a kept rpo means a backup young enough, time alone makes nothing better', () => {
  const time = fc.option(fc.integer({ min: -48, max: 48 }).map(hoursAgo), { nil: undefined });
  const facts: fc.Arbitrary<SourceProtection> = fc.record({
    rpoMs: fc.constantFrom(undefined, HOUR_MS, 24 * HOUR_MS),
    rtoMs: fc.constantFrom(undefined, HOUR_MS),
    inJob: fc.boolean(),
    newest: time,
    overdueSince: time,
    damaged: time,
    failures: fc.constantFrom([], [failure('vault')]),
    verifiedAt: time,
    provenAt: time,
    proveEveryMs: fc.constantFrom(undefined, 24 * HOUR_MS),
    restoreTime: fc.constantFrom(undefined, measured(1, 'reading'), measured(2 * HOUR_MS, 'restores')),
    odd: fc.constantFrom([], [{ repository: 'vault', text: 'is much smaller' }]),
  });
  fc.assert(
    fc.property(facts, fc.nat(100), (source, hours) => {
      const verdict = judgeProtection(source, now);
      assert.equal(
        verdict.alarm,
        verdict.reasons.some(({ alarm }) => alarm),
      );
      if (verdict.alarm) assert.ok(!['ok', 'none', 'unproven'].includes(verdict.state));
      if (verdict.rpoKept === true) assert.ok(now.getTime() - source.newest!.getTime() <= source.rpoMs!);
      const later = judgeProtection(source, new Date(now.getTime() + hours * HOUR_MS));
      const isAhead = verdict.reasons.some(({ code }) => code === 'clock');
      if (verdict.rpoKept === false && !isAhead) assert.equal(later.rpoKept, false);
    }),
    { numRuns: 300 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextDue, overdueSince } from './overdue.ts';

const at = (text: string) => new Date(`2026-11-${text}:00Z`);
const hourly = { schedule: '51 * * * *', timeZone: 'UTC' };
const daily = { schedule: '0 2 * * *', timeZone: 'UTC' };
const monthly = { schedule: '0 4 1 * *', timeZone: 'UTC' };

test('one missed time may be a run that is under way, two are too many', () => {
  const since = (now: string) => overdueSince([hourly], at('20T10:51'), at(now))?.toISOString();
  assert.equal(since('20T11:00'), undefined);
  assert.equal(since('20T12:50'), undefined);
  assert.equal(since('20T12:51'), '2026-11-20T11:51:00.000Z');
  assert.equal(since('22T00:00'), '2026-11-21T22:51:00.000Z');
});

test('of several schedules the one that comes most often tells', () => {
  assert.equal(
    overdueSince([monthly, daily], at('18T01:00'), at('20T12:00'))?.toISOString(),
    '2026-11-19T02:00:00.000Z',
  );
  assert.equal(overdueSince([monthly], at('18T01:00'), at('20T12:00')), undefined);
});

test('what was never done, or has no schedule, is not overdue', () => {
  assert.equal(overdueSince([daily], undefined, at('20T12:00')), undefined);
  assert.equal(overdueSince([], at('01T00:00'), at('20T12:00')), undefined);
});

test('the next time is the nearest of all', () => {
  assert.equal(nextDue([monthly, daily], at('20T12:00'))?.toISOString(), '2026-11-21T02:00:00.000Z');
  assert.equal(nextDue([], at('20T12:00')), undefined);
});

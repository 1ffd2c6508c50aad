import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromLocalTime, isTimeZone, localTime, periodOf } from './calendar.ts';

const LONDON = 'Europe/London';

test('periods are named after the local clock', () => {
  const time = new Date('2025-06-30T23:30:00Z');
  const names = (['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const).map((p) => periodOf(time, p, LONDON));
  assert.deepEqual(names, ['2025-07-01 00h+01:00', '2025-07-01', '2025-W27', '2025-07', '2025']);
});

test('ISO weeks of the days around New Year belong to the year of their Thursday', () => {
  const week = (day: string) => periodOf(new Date(`${day}T12:00:00Z`), 'weekly', 'UTC');
  assert.equal(week('2020-12-31'), '2020-W53');
  assert.equal(week('2021-01-03'), '2020-W53');
  assert.equal(week('2021-01-04'), '2021-W01');
  assert.equal(week('2024-12-30'), '2025-W01');
  assert.equal(week('2027-01-01'), '2026-W53');
});

test('an unknown time zone is an error that names it', () => {
  assert.equal(isTimeZone('Europe/Londn'), false);
  assert.throws(() => localTime(new Date(0), 'Europe/Londn'), { code: 'time-zone.unknown', message: /Europe\/Londn/ });
});

test('a local time that is skipped in spring moves on, and one that occurs twice in autumn is the first', () => {
  assert.equal(fromLocalTime(Date.UTC(2025, 2, 30, 1, 30), LONDON).toISOString(), '2025-03-30T01:30:00.000Z');
  assert.equal(fromLocalTime(Date.UTC(2025, 9, 26, 1, 30), LONDON).toISOString(), '2025-10-26T00:30:00.000Z');
});

test('a moment survives the way to local time and back, but for the doubled hour', () => {
  const zones = fc.constantFrom('UTC', LONDON, 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
  const times = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2037, 0) });
  fc.assert(
    fc.property(times, zones, (ms, zone) => {
      const { offsetMs } = localTime(new Date(ms), zone);
      const back = fromLocalTime(ms + offsetMs, zone).getTime();
      assert.ok(
        back === ms || (back < ms && ms - back <= 3_600_000 && localTime(new Date(back), zone).offsetMs > offsetMs),
      );
    }),
  );
});

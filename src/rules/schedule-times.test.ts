import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { localTime } from './calendar.ts';
import { hasSameTimes } from './same-times.ts';
import { isEitherDay, plainSchedule, scheduleFields } from './schedule-fields.ts';
import { lastDue, nextRuns } from './schedule-times.ts';
import { scheduleWords } from './schedule-words.ts';

const times = (schedule: string, timeZone: string, after: string, count = 3) =>
  nextRuns(schedule, { timeZone, after: new Date(after), count }).map((time) => time.toISOString().slice(0, 16));

test('schedules come at the times of their zone', () => {
  assert.deepEqual(times('7 3 * * *', 'Europe/London', '2026-07-01T00:00:00Z', 2), [
    '2026-07-01T02:07',
    '2026-07-02T02:07',
  ]);
  assert.deepEqual(times('0 4 1 * *', 'UTC', '2026-11-01T04:00:00Z', 2), ['2026-12-01T04:00', '2027-01-01T04:00']);
  assert.deepEqual(times('@weekly', 'UTC', '2026-11-21T04:00:00Z', 1), ['2026-11-22T00:00']);
});

test('what is skipped in spring comes at the end of the gap, what occurs twice in autumn comes once', () => {
  assert.deepEqual(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2), [
    '2026-03-29T01:00',
    '2026-03-30T00:30',
  ]);
  assert.deepEqual(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2), [
    '2026-10-25T00:30',
    '2026-10-26T01:30',
  ]);
  assert.deepEqual(times('51 * * * *', 'Europe/Berlin', '2026-10-25T00:00:00Z', 3), [
    '2026-10-25T00:51',
    '2026-10-25T01:51',
    '2026-10-25T02:51',
  ]);
});

test('a day of the month and a weekday are alternatives, unless one begins with a star', () => {
  assert.deepEqual(times('0 0 13 * fri', 'UTC', '2026-11-10T00:00:00Z'), [
    '2026-11-13T00:00',
    '2026-11-20T00:00',
    '2026-11-27T00:00',
  ]);
  assert.deepEqual(times('0 0 13 * *', 'UTC', '2026-11-10T00:00:00Z', 2), ['2026-11-13T00:00', '2026-12-13T00:00']);
  assert.deepEqual(times('0 0 */2 * fri', 'UTC', '2026-11-01T00:00:00Z', 2), ['2026-11-13T00:00', '2026-11-27T00:00']);
});

test('the last due time may be now, and is not in the future', () => {
  const due = (now: string) => lastDue('0 2 * * *', { timeZone: 'UTC', now: new Date(now) })?.toISOString();
  assert.equal(due('2026-11-21T02:00:00Z'), '2026-11-21T02:00:00.000Z');
  assert.equal(due('2026-11-21T02:00:59.999Z'), '2026-11-21T02:00:00.000Z');
  assert.equal(due('2026-11-21T01:59:59.999Z'), '2026-11-20T02:00:00.000Z');
});

test('fields are written so that every cron takes them', () => {
  const cases = [
    ['@daily', '0 0 * * *'],
    ['*/15 0-6,22 1 jan-mar MON-FRI', '*/15 0-6,22 1 1-3 1-5'],
    ['5/20 3 * * 7', '5-59/20 3 * * 0'],
    ['0 3 * * fri-7', '0 3 * * 0,5,6'],
    ['0 3 */1 * *', '0 3 * * *'],
  ] as const;
  for (const [given, plain] of cases) assert.equal(plainSchedule(scheduleFields(given)), plain, given);
});

test('words say what a schedule means, the five fields stand where words do not help', () => {
  const cases = [
    ['0 2 * * *', 'daily at 02:00'],
    ['@daily', 'daily at 00:00'],
    ['30 6,18 * * *', 'daily at 06:30, 18:30'],
    ['0 3 * * 0', 'Sunday at 03:00'],
    ['0 7 * * 1-5', 'Monday to Friday at 07:00'],
    ['0 17 * * fri,7', 'Sunday, Friday at 17:00'],
    ['0 4 1 * *', 'the 1st at 04:00'],
    ['0 4 11,22 6 *', 'the 11th, 22nd of June at 04:00'],
    ['51 * * * *', 'hourly at minute 51'],
    ['*/15 * * * *', 'every 15 minutes'],
    ['* * * * *', 'every minute'],
    ['0 4 1 * 1', '0 4 1 * 1'],
    ['7,9 * * * *', '7,9 * * * *'],
  ] as const;
  for (const [schedule, words] of cases) assert.equal(scheduleWords(schedule), words, schedule);
});

test('two zones have the same times when their clocks agree, or differ by whole hours for what comes hourly', () => {
  const now = new Date('2026-11-21T00:00:00Z');
  const same = (schedule: string, one: string, other: string) => hasSameTimes(schedule, one, other, now);
  assert.ok(same('0 2 * * *', 'Europe/Berlin', 'Europe/Paris'));
  assert.ok(same('0 2 * * *', 'UTC', 'Etc/UTC'));
  assert.ok(!same('0 2 * * *', 'UTC', 'Europe/London'), 'they agree in winter only');
  assert.ok(same('51 * * * *', 'UTC', 'America/New_York'));
  assert.ok(!same('51 * * * *', 'UTC', 'Asia/Kolkata'));
  assert.ok(!same('51 * * * 1', 'UTC', 'America/New_York'));
});

const item = (min: number, max: number) =>
  fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min: 1, max: 7 }), fc.nat(4))
    .map(
      ([a, b, step, kind]) =>
        [
          '*',
          `*/${step}`,
          String(a),
          `${Math.min(a, b)}-${Math.max(a, b)}`,
          `${Math.min(a, b)}-${Math.max(a, b)}/${step}`,
        ][kind]!,
    );
const anySchedule = fc
  .tuple(item(0, 59), item(0, 23), item(1, 28), item(1, 12), item(0, 7))
  .map((fields) => fields.join(' '));

test('every time of any schedule fits its fields, and is the last due one when it has come', () => {
  fc.assert(
    fc.property(anySchedule, fc.integer({ min: 0, max: 400 }), (schedule, day) => {
      const fields = scheduleFields(schedule);
      const after = new Date(Date.UTC(2026, 0, day));
      for (const time of nextRuns(schedule, { timeZone: 'UTC', after, count: 3 })) {
        const { minute, hour, day: date, month } = localTime(time, 'UTC');
        const isDay = fields.day.values.includes(date);
        const isWeekday = fields.weekday.values.includes(time.getUTCDay());
        assert.ok(fields.minute.values.includes(minute) && fields.hour.values.includes(hour));
        assert.ok(fields.month.values.includes(month));
        assert.ok(isEitherDay(fields) ? isDay || isWeekday : isDay && isWeekday, schedule);
        assert.deepEqual(lastDue(schedule, { timeZone: 'UTC', now: time }), time);
      }
      assert.deepEqual(scheduleFields(plainSchedule(fields)).weekday.values, fields.weekday.values);
    }),
    { numRuns: 60 },
  );
});

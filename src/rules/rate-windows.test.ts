import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { always, minutesOf, ratesAt } from './rate-windows.ts';

const MIB = 1 << 20;

function uploadAt(from: string, to: string, time: string, timeZone = 'Europe/London'): number | undefined {
  const window = { from: minutesOf(from)!, to: minutesOf(to)!, timeZone, upload: MIB };
  return ratesAt([window], new Date(time), 'UTC').upload;
}

test('a window holds from its first minute to the one before its end', () => {
  assert.equal(uploadAt('08:00', '18:00', '2026-11-20T07:59:59Z'), undefined);
  assert.equal(uploadAt('08:00', '18:00', '2026-11-20T08:00:00Z'), MIB);
  assert.equal(uploadAt('08:00', '18:00', '2026-11-20T17:59:59Z'), MIB);
  assert.equal(uploadAt('08:00', '18:00', '2026-11-20T18:00:00Z'), undefined);
});

test('a window goes over midnight', () => {
  const inside = ['22:00:00', '23:59:59']
    .map((time) => `2026-11-20T${time}Z`)
    .concat('2026-11-21T00:00:00Z', '2026-11-21T05:59:59Z');
  for (const time of inside) assert.equal(uploadAt('22:00', '06:00', time), MIB, time);
  for (const time of ['2026-11-20T21:59:59Z', '2026-11-21T06:00:00Z', '2026-11-21T12:00:00Z']) {
    assert.equal(uploadAt('22:00', '06:00', time), undefined, time);
  }
});

test('the clocks of the time zone count, in summer and in winter', () => {
  assert.equal(uploadAt('08:00', '18:00', '2026-07-01T07:00:00Z'), MIB);
  assert.equal(uploadAt('08:00', '18:00', '2026-07-01T17:00:00Z'), undefined);
  assert.equal(uploadAt('08:00', '18:00', '2026-12-01T07:00:00Z'), undefined);
  const unnamed = { from: 8 * 60, to: 9 * 60, timeZone: undefined, download: 5 };
  assert.equal(ratesAt([unnamed], new Date('2026-11-20T00:30:00Z'), 'Asia/Singapore').download, 5);
});

test('an hour that comes twice is in its window both times, one that is left out is not missed', () => {
  // In London the clocks went back at 01:00 UTC on 25 October 2026, and forward at 01:00 UTC on 29 March.
  assert.equal(uploadAt('01:00', '02:00', '2026-10-25T00:30:00Z'), MIB);
  assert.equal(uploadAt('01:00', '02:00', '2026-10-25T01:30:00Z'), MIB);
  assert.equal(uploadAt('01:00', '02:00', '2026-10-25T02:00:00Z'), undefined);
  assert.equal(uploadAt('01:00', '02:00', '2026-03-29T00:59:59Z'), undefined);
  assert.equal(uploadAt('01:00', '02:00', '2026-03-29T01:00:00Z'), undefined);
  assert.equal(uploadAt('00:30', '03:00', '2026-03-29T01:00:00Z'), MIB);
});

test('the first window that holds counts, and a limit without times holds always', () => {
  const office = { from: 480, to: 1080, timeZone: 'UTC', upload: 1 };
  const windows = [office, ...always({ upload: 2, download: 3 })];
  assert.deepEqual(ratesAt(windows, new Date('2026-11-20T12:00:00Z'), 'UTC'), { upload: 1, download: undefined });
  assert.deepEqual(ratesAt(windows, new Date('2026-11-20T20:00:00Z'), 'UTC'), { upload: 2, download: 3 });
  assert.deepEqual(ratesAt([], new Date('2026-11-20T20:00:00Z'), 'UTC'), { upload: undefined, download: undefined });
});

test('of a window and the one from its end to its beginning, exactly one holds at any time', () => {
  const minute = fc.integer({ min: 0, max: 1439 });
  const time = fc.date({ min: new Date('2020-01-01Z'), max: new Date('2030-01-01Z'), noInvalidDate: true });
  fc.assert(
    fc.property(
      minute,
      minute,
      time,
      fc.constantFrom('Europe/London', 'Pacific/Auckland', 'UTC'),
      (from, to, at, timeZone) => {
        fc.pre(from !== to);
        const holds = (a: number, b: number) =>
          ratesAt([{ from: a, to: b, timeZone, upload: 1 }], at, 'UTC').upload === 1;
        assert.notEqual(holds(from, to), holds(to, from));
      },
    ),
  );
});

test('times of day are read', () => {
  assert.deepEqual(['00:00', '8:05', '23:59', '24:00'].map(minutesOf), [0, 485, 1439, 1440]);
  assert.deepEqual(['24:01', '12:60', '12', '', '-1:00', 'noon'].map(minutesOf), Array(6).fill(undefined));
});

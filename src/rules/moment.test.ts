import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMoment } from './moment.ts';

const how = { now: new Date('2026-07-10T12:00:00Z'), timeZone: 'Europe/London' };
const parsed = (text: string) => parseMoment(text, how).toISOString();

test('times without an offset are local, those with one are not', () => {
  assert.equal(parsed('2026-07-01 03:07:00.250'), '2026-07-01T02:07:00.250Z');
  assert.equal(parsed('2026-07-01T03:07:00.5Z'), '2026-07-01T03:07:00.500Z');
  assert.equal(parsed('2026-07-01T03:07:00.5-03:30'), '2026-07-01T06:37:00.500Z');
});

test('a day, a minute and a second mean their end', () => {
  assert.equal(parsed('2026-07-01'), '2026-07-01T22:59:59.999Z');
  assert.equal(parsed('2026-07-01 03:07'), '2026-07-01T02:07:59.999Z');
  assert.equal(parsed('2026-07-01 03:07:09'), '2026-07-01T02:07:09.999Z');
  assert.equal(parsed('2026-10-25'), '2026-10-25T23:59:59.999Z');
});

test('where a beginning is meant, they mean their start', () => {
  const start = (text: string) => parseMoment(text, { ...how, edge: 'start' }).toISOString();
  assert.equal(start('2026-07-01'), '2026-06-30T23:00:00.000Z');
  assert.equal(start('2026-07-01 03:07'), '2026-07-01T02:07:00.000Z');
  assert.equal(start('2026-07-01T03:07:09Z'), '2026-07-01T03:07:09.000Z');
  assert.equal(start('yesterday'), '2026-07-08T23:00:00.000Z');
  assert.equal(start('36h ago'), '2026-07-09T00:00:00.000Z');
  assert.throws(() => start('2026-02-30'), { code: 'value.time' });
});

test('words and ages are understood', () => {
  assert.equal(parsed('now'), '2026-07-10T12:00:00.000Z');
  assert.equal(parsed('yesterday'), '2026-07-09T22:59:59.999Z');
  assert.equal(parsed('1d12h ago'), '2026-07-09T00:00:00.000Z');
});

test('what is not a time is refused instead of guessed', () => {
  for (const bad of ['', 'soon', '2026-02-30', '2026-13-01', '2026-07-01 24:30', '20260701', 'x ago', '7d']) {
    assert.throws(() => parsed(bad), { code: 'value.time' }, bad);
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatTime, parseTime } from './time.ts';

const YEAR_0 = -62_167_219_200_000_000_000n;
const END_OF_9999 = 253_402_300_799_999_999_999n;

describe('times as Go writes them', () => {
  test('decimals have no trailing zeros, and none at all for whole seconds', () => {
    assert.equal(formatTime(0n), '1970-01-01T00:00:00Z');
    assert.equal(formatTime(1_500_000_000n), '1970-01-01T00:00:01.5Z');
    assert.equal(formatTime(1_417_884_623_345_135_380n), '2014-12-06T16:50:23.34513538Z');
    assert.equal(formatTime(1_000_000_001n), '1970-01-01T00:00:01.000000001Z');
  });

  test('times before 1970 count their nanoseconds forward', () => {
    assert.equal(formatTime(-1n), '1969-12-31T23:59:59.999999999Z');
    assert.equal(parseTime('1969-12-31T23:59:59.999999999Z'), -1n);
  });

  test('years that four digits can not hold become 0 or 9999 and keep the rest', () => {
    assert.match(formatTime(YEAR_0 - 1n), /^0000-12-31T23:59:59\.999999999Z$/);
    assert.match(formatTime(END_OF_9999 + 1n), /^9999-01-01T00:00:00Z$/);
    assert.match(formatTime(2n ** 63n * 1_000_000_000n), /^9999-/);
    assert.match(formatTime(-(2n ** 63n) * 1_000_000_000n), /^0000-/);
  });

  test('offsets are counted in', () => {
    const utc = parseTime('2014-12-06T16:50:23.34513538Z');
    assert.equal(parseTime('2014-12-06T17:50:23.34513538+01:00'), utc);
    assert.equal(parseTime('2014-12-06T11:20:23.34513538-05:30'), utc);
  });

  test("Go's zero time is read", () => {
    assert.equal(parseTime('0001-01-01T00:00:00Z'), -62_135_596_800_000_000_000n);
  });

  test('what is no time is undefined', () => {
    const wrong = ['', '2014-12-06', '2014-12-06T17:50:23', '2014-13-06T17:50:23Z', '2014-02-29T17:50:23Z'];
    const more = ['2014-12-06T24:50:23Z', '2014-12-06T17:50:23.Z', '2014-12-06T17:50:23+1:00', '2014-12-06t17:50:23Zx'];
    for (const text of [...wrong, ...more]) assert.equal(parseTime(text), undefined, text);
  });

  test('every time comes back as it was', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: YEAR_0, max: END_OF_9999 }), (timeNs) => {
        assert.equal(parseTime(formatTime(timeNs)), timeNs);
      }),
    );
  });

  test('seconds are those of the calendar', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        assert.equal(parseTime(date.toISOString()), BigInt(date.getTime()) * 1_000_000n);
      }),
    );
  });
});

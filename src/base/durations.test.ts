import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatElapsed, parseDuration } from './durations.ts';
import { hasCode } from './errors.ts';

test('durations are read with one unit or several', () => {
  const texts = ['24h', '7d', '90s', '15m', '500ms', '2w', '1y', '1h30m', '1d 2h', '1.5h', '0s'];
  const expected = [
    86_400_000, 604_800_000, 90_000, 900_000, 500, 1_209_600_000, 31_536_000_000, 5_400_000, 93_600_000, 5_400_000, 0,
  ];
  assert.deepEqual(texts.map(parseDuration), expected);
});

test('what is not a duration is refused with a hint', () => {
  for (const text of ['', '5', 'h', '-1h', '1mo', '1month', '1h30', 'PT1H', '1H', '99999999999999d']) {
    assert.throws(
      () => parseDuration(text),
      (error) => hasCode(error, 'value.duration') && error.hint !== undefined,
    );
  }
});

test('elapsed times have at most two units and never 60 of one', () => {
  const shown = [0, 85, 999, 999.7, 4200, 59_949, 59_990, 185_000, 3_599_999, 7_620_000, 273_600_000].map(
    formatElapsed,
  );
  const expected = [
    '0 ms',
    '85 ms',
    '999 ms',
    '1.0 s',
    '4.2 s',
    '59.9 s',
    '1m 00s',
    '3m 05s',
    '1h 00m',
    '2h 07m',
    '3d 04h',
  ];
  assert.deepEqual(shown, expected);
});

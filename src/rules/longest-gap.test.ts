import assert from 'node:assert/strict';
import { test } from 'node:test';
import { longestGapMs } from './longest-gap.ts';

const SCHEDULES: readonly (readonly [schedule: string, days: number])[] = [
  ['7 3 * * *', 1],
  ['51 * * * *', 1],
  ['*/15 1-5 * * *', 1],
  ['@daily', 1],
  ['0 3 * * 0', 7],
  ['0 17 * * fri', 7],
  ['41 0 8 * 1', 7],
  ['0 4 1 * *', 31],
  ['0 4 */10 * *', 31],
  ['@monthly', 31],
  ['0 4 1 1,7 *', 366],
  ['@yearly', 366],
];

for (const [schedule, days] of SCHEDULES) {
  test(`runs of "${schedule}" are at most ${days} days apart`, () => {
    assert.equal(longestGapMs(schedule) / 86_400_000, days);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleProblem } from './schedule.ts';

test('ordinary schedules are accepted', () => {
  for (const good of ['7 3 * * *', '*/15 0-6,22 1 jan-mar MON-FRI', '0 0 * * 7', '0 4 1-7/2 * *', '@daily']) {
    assert.equal(scheduleProblem(good), undefined, good);
  }
});

test('a wrong schedule is answered with the field that is wrong', () => {
  const cases: [string, RegExp][] = [
    ['', /5 fields.*has 0/],
    ['3 * * *', /5 fields.*has 4/],
    ['60 3 * * *', /"60" is no minute/],
    ['7 24 * * *', /"24" is no hour/],
    ['7 3 0 * *', /"0" is no day of month/],
    ['7 3 * foo *', /"foo" is no month/],
    ['7 3 * * 5-1', /"5-1" is no day of week/],
    ['*/0 3 * * *', /minute/],
    ['1-2-3 3 * * *', /minute/],
    ['1, 3 * * *', /"" is no minute/],
    ['@dayly', /@daily/],
  ];
  for (const [bad, problem] of cases) assert.match(scheduleProblem(bad) ?? 'accepted', problem, bad);
});

test('a day that no month has never comes', () => {
  assert.match(scheduleProblem('0 4 30 2 *') ?? 'accepted', /never comes: no month of it has a day 30/);
  assert.match(scheduleProblem('0 4 31 apr,jun *') ?? 'accepted', /never comes/);
  for (const good of ['0 4 29 2 *', '0 4 31 4,5 *', '0 4 30 2 1']) assert.equal(scheduleProblem(good), undefined, good);
});

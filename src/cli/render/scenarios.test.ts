import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeScenario } from '../../rules/scenario.ts';
import { scenariosText } from './scenarios.ts';

const HOUR_MS = 3_600_000;
const now = new Date('2026-11-20T12:00:00Z');
const RED = `${String.fromCharCode(27)}[31m`;

function scenario(name: string, ageHours: number, restoreHours: number) {
  const newest = new Date(now.getTime() - ageHours * HOUR_MS);
  const measured = { expectedMs: restoreHours * HOUR_MS, from: 'restores' as const, measuredAt: now, measurements: 1 };
  const targets = { rpoMs: 24 * HOUR_MS, rtoMs: HOUR_MS };
  const verdict = judgeScenario({ ...targets, members: [{ source: 'shop', newest, restoreTime: measured }] }, now);
  return { name, sources: ['shop'], from: ['away'], ...targets, verdict };
}

test('what is exceeded is red, and nothing else is', () => {
  const lines = scenariosText([scenario('good', 5, 0.5), scenario('old', 30, 0.5), scenario('slow', 5, 2)], true).split(
    '\n',
  );
  const redIn = (at: number) =>
    (lines[at] ?? '')
      .split(RED)
      .slice(1)
      .map((part) => part.split(String.fromCharCode(27))[0]);
  assert.deepEqual([redIn(1), redIn(2), redIn(3)], [[], ['1d 06h', 'late'], ['2h 00m', 'too slow']]);
});

test('without scenarios nothing is said', () => {
  assert.equal(scenariosText([], false), '');
});

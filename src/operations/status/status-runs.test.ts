import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRecord } from '../../catalog/catalog.ts';
import { statusRuns } from './status-runs.ts';

const now = new Date('2026-11-20T12:00:00Z');

function run(id: string, hours: number, more: Partial<RunRecord> = {}): RunRecord {
  const startedAt = new Date(now.getTime() - hours * 3_600_000);
  const end = { endedAt: startedAt, outcome: 'ok' as const, exitCode: 0 };
  return { id, verb: 'backup', job: 'nightly', startedAt, ...end, members: [], hooks: [], ...more };
}
const open = { endedAt: undefined, outcome: undefined, exitCode: undefined };
const killed = { ...open, outcome: 'interrupted' as const };
const idsOf = (runs: readonly RunRecord[]) => {
  const { running, killed: dead } = statusRuns(runs, now);
  return { running: running.map(({ id }) => id), killed: dead.map(({ id }) => id) };
};

test('a run without an end is running, one whose process is gone was killed', () => {
  assert.deepEqual(idsOf([run('a', 1, open), run('b', 2, killed), run('c', 3)]), { running: ['a'], killed: ['b'] });
});

test('an interrupt that could be written down is no kill', () => {
  assert.deepEqual(idsOf([run('a', 1, { outcome: 'interrupted' })]).killed, []);
});

test('the same done since, or a week, settles it; another job, or a failure, does not', () => {
  const dead = run('dead', 5, killed);
  assert.deepEqual(idsOf([run('later', 1), dead]).killed, []);
  assert.deepEqual(idsOf([run('later', 1, { job: 'weekly' }), run('bad', 2, { outcome: 'failed' }), dead]).killed, [
    'dead',
  ]);
  assert.deepEqual(idsOf([run('old', 8 * 24, killed)]).killed, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLATFORM, scheduledAs } from '../../../test/fixtures/scheduled.ts';
import type { Catalog, HistoryQuery, RunRecord } from '../../catalog/catalog.ts';
import type { Scheduled } from '../../rules/scheduled.ts';
import { viewSchedule } from './view.ts';

const NOW = new Date('2026-11-21T04:00:00Z');

function run(verb: string, job: string, startedAt: string, more: Partial<RunRecord> = {}): RunRecord {
  const start = new Date(startedAt);
  const ended = { endedAt: start, outcome: 'ok', exitCode: 0 } as const;
  return { id: `${verb}-${startedAt}`, verb, job, startedAt: start, ...ended, members: [], hooks: [], ...more };
}

/** As a catalog answers: newest first. */
function history(...runs: RunRecord[]): Pick<Catalog, 'history'> {
  return {
    history: async ({ verb, job, limit }: HistoryQuery) =>
      runs
        .filter((one) => (verb === undefined || one.verb === verb) && (job === undefined || one.job === job))
        .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime())
        .slice(0, limit),
  };
}

async function stateOf(scheduled: Scheduled, ...runs: RunRecord[]) {
  const [view] = await viewSchedule({
    scheduled: [scheduled],
    catalog: history(...runs),
    now: NOW,
    timeZone: 'UTC',
    next: 1,
  });
  return view?.state;
}

const daily = scheduledAs('backup database', '0 2 * * *');

test('a run since its last time is on time, an older one overdue, a failed one has run', async () => {
  assert.equal(await stateOf(daily, run('backup', 'database', '2026-11-21T02:00:01Z')), 'on time');
  assert.equal(await stateOf(daily, run('backup', 'database', '2026-11-21T01:59:59Z')), 'overdue');
  assert.equal(
    await stateOf(daily, run('backup', 'database', '2026-11-21T02:00:01Z', { outcome: 'failed' })),
    'on time',
  );
});

test('a run of another job or verb does not count', async () => {
  const old = run('backup', 'database', '2026-11-19T02:00:00Z');
  assert.equal(await stateOf(daily, old, run('backup', 'files', '2026-11-21T03:00:00Z')), 'overdue');
  assert.equal(await stateOf(daily, old, run('verify', '', '2026-11-21T03:00:00Z')), 'overdue');
  assert.equal(await stateOf(scheduledAs('verify', '0 3 * * *'), run('verify', '', '2026-11-21T03:00:00Z')), 'on time');
});

test('what has only just come is due; one under way is running; nothing is said where no run is known', async () => {
  const yesterday = run('backup', 'database', '2026-11-20T03:57:00Z');
  assert.equal(await stateOf(scheduledAs('backup database', '57 3 * * *'), yesterday), 'due');
  assert.equal(await stateOf(scheduledAs('backup database', '50 3 * * *'), yesterday), 'overdue');
  const open = { endedAt: undefined, outcome: undefined, exitCode: undefined };
  assert.equal(await stateOf(daily, run('backup', 'database', '2026-11-20T02:00:00Z', open)), 'running');
  assert.equal(await stateOf(daily), 'unknown');
});

test('each has its words, its zone and its next times', async () => {
  const scheduled = [...PLATFORM, scheduledAs('backup db', '0 2 * * *', { timeZone: 'Asia/Kolkata' })];
  const views = await viewSchedule({ scheduled, catalog: undefined, now: NOW, timeZone: 'Europe/London', next: 2 });
  assert.deepEqual(
    views.map(({ name, words, zone, next }) => [
      name,
      words,
      zone,
      next.map((time) => time.toISOString().slice(0, 16)),
    ]),
    [
      ['backup database', 'daily at 02:00', 'Europe/London', ['2026-11-22T02:00', '2026-11-23T02:00']],
      ['backup files', 'Sunday at 03:00', 'Europe/London', ['2026-11-22T03:00', '2026-11-29T03:00']],
      ['backup full', 'the 1st at 04:00', 'Europe/London', ['2026-12-01T04:00', '2027-01-01T04:00']],
      ['cleanup', 'Sunday at 05:00', 'Europe/London', ['2026-11-22T05:00', '2026-11-29T05:00']],
      ['verify', 'daily at 06:00', 'Europe/London', ['2026-11-21T06:00', '2026-11-22T06:00']],
      ['backup db', 'daily at 02:00', 'Asia/Kolkata', ['2026-11-21T20:30', '2026-11-22T20:30']],
    ],
  );
});

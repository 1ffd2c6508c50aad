import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduledAs } from '../../../test/fixtures/scheduled.ts';
import type { ScheduleView } from '../../operations/schedule/view.ts';
import { scheduleText } from './schedule.ts';

const now = new Date('2026-11-21T04:00:00Z');
const how = { now, colors: false };

function view(name: string, schedule: string, words: string, more: Partial<ScheduleView>): ScheduleView {
  return {
    ...scheduledAs(name, schedule),
    ...{ words, zone: 'Europe/Berlin', state: 'on time', lastDue: undefined, lastRun: undefined, next: [] },
    ...more,
  };
}

const overdue = view('backup nightly', '0 2 * * *', 'daily at 02:00', {
  state: 'overdue',
  lastDue: new Date('2026-11-21T01:00:00Z'),
  lastRun: {
    id: 'x',
    startedAt: new Date('2026-11-19T01:00:00Z'),
    endedAt: new Date('2026-11-19T01:10:00Z'),
    outcome: 'failed',
  },
  next: [new Date('2026-11-22T01:00:00Z'), new Date('2026-11-23T01:00:00Z')],
});
const never = view('cleanup', '0 4 1 * 1', '0 4 1 * 1', { state: 'unknown', next: [new Date('2026-11-23T03:00:00Z')] });

test('each schedule has a row, with further times below it and what is overdue at the end', () => {
  assert.deepEqual(scheduleText([overdue, never], how).split('\n'), [
    'What            When                        Time zone      Last run                              Next',
    'backup nightly  daily at 02:00 (0 2 * * *)  Europe/Berlin  2026-11-19 02:00, 2d 03h ago, failed  2026-11-22 02:00',
    '                                                                                                 2026-11-23 02:00',
    'cleanup         0 4 1 * 1                   Europe/Berlin  -                                     2026-11-23 04:00',
    'overdue: backup nightly: it was due 2026-11-21 02:00, 3h 00m ago; surety backup nightly does it now',
    'Next: does the scheduler of this machine have it? `surety schedule export` makes what it reads.',
    '',
  ]);
});

test('where nothing ever ran, and where nothing is scheduled, the next step is said', () => {
  assert.match(scheduleText([never], how), /\nNone of it ever ran\. `surety schedule export` makes/);
  assert.match(scheduleText([], how), /^Nothing has a schedule\. Give a job `schedule`/);
});

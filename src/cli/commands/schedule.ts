import { Command } from 'commander';
import { systemTimeZone } from '../../base/environment.ts';
import { viewSchedule } from '../../operations/schedule/view.ts';
import type { Act, Answer, Call } from '../call.ts';
import { EXIT } from '../exit-codes.ts';
import { positiveInteger } from '../parse-option.ts';
import { scheduleText } from '../render/schedule.ts';
import { exportCommand } from '../schedule-export.ts';
import { withSession } from '../session.ts';

interface ScheduleOptions {
  readonly next: number;
}

export function scheduleCommand(act: Act): Command {
  return new Command('schedule')
    .summary('show what runs when, and put it into effect')
    .description(
      'Shows what is scheduled: when, when it last ran, whether it is overdue, and when it comes next. `surety schedule ' +
        'export` makes what the scheduler of the machine reads.',
    )
    .option('--next <number>', 'how many of the next times to show', positiveInteger, 1)
    .addCommand(exportCommand(act))
    .action(act(runSchedule));
}

/** Where something is overdue, the exit code says so. */
async function runSchedule(call: Call, { next }: ScheduleOptions): Promise<Answer> {
  return await withSession(call, { record: false }, async ({ platform }) => {
    const timeZone = systemTimeZone();
    const { scheduled } = platform;
    const catalog = scheduled.length === 0 ? undefined : await platform.catalog();
    const now = call.clock.now();
    const items = await viewSchedule({ scheduled, catalog, now, timeZone, next });
    const outcome = items.some(({ state }) => state === 'overdue') ? 'warnings' : 'ok';
    return {
      exitCode: EXIT[outcome],
      document: { verb: 'schedule', outcome, timeZone, items },
      text: scheduleText(items, { now, colors: call.terminal.colors }),
    };
  });
}

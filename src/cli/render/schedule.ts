/** What a person reads after `surety schedule`. */
import type { ScheduleView } from '../../operations/schedule/view.ts';
import { localTime as onClocks } from '../../rules/calendar.ts';
import { age, state, table } from '../render.ts';

interface How {
  readonly now: Date;
  readonly colors: boolean;
}

const NOTHING =
  "Nothing has a schedule. Give a job `schedule`, such as '7 3 * * *', and clean-up and verification theirs in `maintenance`.\n";

/** Times are those on the clocks of each schedule's zone. */
export function scheduleText(items: readonly ScheduleView[], { now, colors }: How): string {
  if (items.length === 0) return NOTHING;
  const rows = items.flatMap((one) => {
    const { name, words, schedule, zone, next } = one;
    const when = words === schedule.trim() ? words : `${words} (${schedule.trim()})`;
    const [first, ...more] = next.map((time) => shownTime(time, zone));
    return [
      [name, when, zone, lastText(one, now, colors), first ?? 'never'],
      ...more.map((time) => ['', '', '', '', time]),
    ];
  });
  const titles = ['What', 'When', 'Time zone', 'Last run', 'Next'].map((title) => ({ title }));
  return table(titles, rows) + overdueText(items, now) + unknownText(items);
}

function lastText({ lastRun, zone, state: known }: ScheduleView, now: Date, colors: boolean): string {
  if (lastRun === undefined) return '-';
  const at = `${shownTime(lastRun.startedAt, zone)}, ${age(lastRun.startedAt, now)}`;
  if (known === 'running') return `${at}, running`;
  return lastRun.outcome === undefined ? at : `${at}, ${state(lastRun.outcome, colors)}`;
}

function overdueText(items: readonly ScheduleView[], now: Date): string {
  const overdue = items.filter((one) => one.state === 'overdue');
  const lines = overdue.map(({ name, args, lastDue, zone }) => {
    const due = lastDue === undefined ? '' : `: it was due ${shownTime(lastDue, zone)}, ${age(lastDue, now)}`;
    return `overdue: ${name}${due}; surety ${args.join(' ')} does it now\n`;
  });
  if (lines.length === 0) return '';
  return `${lines.join('')}Next: does the scheduler of this machine have it? \`surety schedule export\` makes what it reads.\n`;
}

function unknownText(items: readonly ScheduleView[]): string {
  if (items.some(({ state: known }) => known !== 'unknown')) return '';
  return 'None of it ever ran. `surety schedule export` makes what the scheduler of this machine reads.\n';
}

/** `2026-11-22 02:00`. */
function shownTime(time: Date, timeZone: string): string {
  const { year, month, day, hour, minute } = onClocks(time, timeZone);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}`;
}

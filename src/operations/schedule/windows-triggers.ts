/** Schedules as triggers of the Windows Task Scheduler: by day, by week, by month, and repeated within a day. */
import { fromLocalTime, localTime } from '../../rules/calendar.ts';
import { isEitherDay, type ScheduleFields, scheduleFields } from '../../rules/schedule-fields.ts';
import { MONTH_NAMES, WEEKDAY_NAMES } from '../../rules/schedule-words.ts';
import type { Scheduled } from '../../rules/scheduled.ts';
import { inexpressible } from './exported.ts';

/** An element with elements or a text in it, or without any. */
export type Element = readonly [name: string, content?: string | readonly Element[]];

export interface TriggerHow {
  readonly now: Date;
  /** Of the machine. */
  readonly timeZone: string;
}

const DAY_MINUTES = 24 * 60;
const DAY_MS = 86_400_000;
/** A task can have no more. */
const TRIGGERS_MAX = 48;

/** Throws `schedule.inexpressible`. */
export function calendarTriggers(one: Scheduled, how: TriggerHow): Element[] {
  const fields = scheduleFields(one.schedule);
  const starts = startsOf(fields);
  const triggers = dayRules(one, fields).flatMap((days) =>
    starts.map(({ minute, everyMinutes }): Element => {
      const repetition: Element[] = everyMinutes === undefined ? [] : [repeated(everyMinutes)];
      const begin: Element = ['StartBoundary', boundary(minute, how)];
      return ['CalendarTrigger', [...repetition, begin, ['Enabled', 'true'], days]];
    }),
  );
  if (triggers.length <= TRIGGERS_MAX) return triggers;
  const why = `a task has at most ${TRIGGERS_MAX} times, and this comes at ${triggers.length}`;
  throw inexpressible(one, why, 'choose fewer times, or times that are evenly apart over the day');
}

interface Start {
  /** Of the day. */
  readonly minute: number;
  readonly everyMinutes: number | undefined;
}

/** Times that are evenly apart over the whole day are one that is repeated. */
function startsOf({ hour, minute }: ScheduleFields): Start[] {
  const minutes = hour.values.flatMap((h) => minute.values.map((m) => h * 60 + m));
  const every = DAY_MINUTES / minutes.length;
  const [first = 0] = minutes;
  const isEven = minutes.length > 1 && minutes.every((value, at) => value === first + at * every);
  if (isEven) return [{ minute: first, everyMinutes: every }];
  return minutes.map((value) => ({ minute: value, everyMinutes: undefined }));
}

function repeated(everyMinutes: number): Element {
  return [
    'Repetition',
    [
      ['Interval', `PT${everyMinutes}M`],
      ['Duration', 'P1D'],
      ['StopAtDurationEnd', 'false'],
    ],
  ];
}

function dayRules(one: Scheduled, fields: ScheduleFields): Element[] {
  const { day, month, weekday } = fields;
  const isByMonth = !day.isFull || !month.isFull;
  if (isEitherDay(fields) && !day.isFull && !weekday.isFull) {
    if (month.isFull) return [byMonth(fields), byWeek(fields)];
    throw weekdaysOfMonths(one);
  }
  if (isEitherDay(fields)) return [month.isFull ? byDay() : byMonth({ ...fields, day: EVERY_DAY })];
  if (weekday.isFull) return [isByMonth ? byMonth(fields) : byDay()];
  if (!isByMonth) return [byWeek(fields)];
  throw weekdaysOfMonths(one);
}

const EVERY_DAY = { values: Array.from({ length: 31 }, (_, at) => at + 1), text: '*', isStar: true, isFull: true };

function weekdaysOfMonths(one: Scheduled) {
  const why = 'the Task Scheduler has no trigger for weekdays that are restricted to some months or days of the month';
  return inexpressible(one, why, 'choose weekdays, or days of the month, alone');
}

function byDay(): Element {
  return ['ScheduleByDay', [['DaysInterval', '1']]];
}

function byWeek({ weekday }: Pick<ScheduleFields, 'weekday'>): Element {
  const days = weekday.values.map((value): Element => [WEEKDAY_NAMES[value] ?? '']);
  return [
    'ScheduleByWeek',
    [
      ['DaysOfWeek', days],
      ['WeeksInterval', '1'],
    ],
  ];
}

function byMonth({ day, month }: Pick<ScheduleFields, 'day' | 'month'>): Element {
  return [
    'ScheduleByMonth',
    [
      ['DaysOfMonth', day.values.map((value): Element => ['Day', String(value)])],
      ['Months', month.values.map((value): Element => [MONTH_NAMES[value - 1] ?? ''])],
    ],
  ];
}

/** The next day with this time ahead, on the clocks of the machine: a task is not to begin with what it missed before it was made. */
function boundary(minute: number, { now, timeZone }: TriggerHow): string {
  const { year, month, day } = localTime(now, timeZone);
  const today = Date.UTC(year, month - 1, day, 0, minute);
  const isAhead = fromLocalTime(today, timeZone) > now;
  return new Date(isAhead ? today : today + DAY_MS).toISOString().slice(0, 19);
}

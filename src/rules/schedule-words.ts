/** Schedules in words. */
import { isEitherDay, type ScheduleFields, scheduleFields } from './schedule-fields.ts';

export const WEEKDAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
export const MONTH_NAMES = [
  ...(['January', 'February', 'March', 'April', 'May', 'June'] as const),
  ...(['July', 'August', 'September', 'October', 'November', 'December'] as const),
] as const;

/** More times in a day are not listed. */
const TIMES_MAX = 4;

/** `daily at 02:00`, `Sunday at 03:00`, `the 1st at 04:00`; a schedule that takes more words than that as its five fields. */
export function scheduleWords(schedule: string): string {
  const fields = scheduleFields(schedule);
  const times = timeWords(fields);
  const days = dayWords(fields);
  if (times === undefined || days === undefined) return schedule.trim();
  if (days === '') return times.isOften ? times.text : `daily ${times.text}`;
  return `${days} ${times.text}`;
}

function timeWords({ minute, hour }: ScheduleFields): { readonly text: string; readonly isOften: boolean } | undefined {
  if (hour.isFull) {
    const step = stepOf(minute.values);
    if (minute.isFull) return { text: 'every minute', isOften: true };
    if (minute.values.length === 1) return { text: `hourly at minute ${minute.values[0]}`, isOften: true };
    return step === undefined ? undefined : { text: `every ${step} minutes`, isOften: true };
  }
  const times = hour.values.flatMap((h) => minute.values.map((m) => clock(h, m)));
  return times.length > TIMES_MAX ? undefined : { text: `at ${times.join(', ')}`, isOften: false };
}

/** Of minutes that begin with the hour and are evenly apart. */
function stepOf(minutes: readonly number[]): number | undefined {
  const step = 60 / minutes.length;
  return minutes.every((minute, at) => minute === at * step) ? step : undefined;
}

function dayWords(fields: ScheduleFields): string | undefined {
  const { day, month, weekday } = fields;
  if (day.isFull && month.isFull) return weekday.isFull ? '' : weekdayWords(weekday.values);
  if (!weekday.isFull || isEitherDay(fields) || day.isFull || day.values.length > TIMES_MAX) return undefined;
  const days = day.values.map(ordinal).join(', ');
  if (month.isFull) return `the ${days}`;
  if (month.values.length > TIMES_MAX) return undefined;
  return `the ${days} of ${month.values.map((value) => MONTH_NAMES[value - 1]).join(', ')}`;
}

function weekdayWords(values: readonly number[]): string {
  if (values.join() === '1,2,3,4,5') return 'Monday to Friday';
  return values.map((value) => WEEKDAY_NAMES[value]).join(', ');
}

function ordinal(value: number): string {
  const ending = [11, 12, 13].includes(value) ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');
  return `${value}${ending}`;
}

function clock(hour: number, minute: number): string {
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

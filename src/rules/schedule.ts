/** Checks a schedule as it is written in the configuration: five cron fields, or a name such as `@daily`. */
import { fieldProblem, isEitherDay, type ScheduleFields, scheduleFields, splitSchedule } from './schedule-fields.ts';

/** Days of each month from 1 on, in leap years. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Why `schedule` is not one, or undefined when it is. */
export function scheduleProblem(schedule: string): string | undefined {
  const texts = splitSchedule(schedule);
  if ('problem' in texts) return texts.problem;
  for (const [at, text] of texts.entries()) {
    const problem = fieldProblem(text, at);
    if (problem !== undefined) return problem;
  }
  return neverComes(scheduleFields(schedule));
}

function neverComes(fields: ScheduleFields): string | undefined {
  const first = fields.day.values[0] ?? 1;
  const comes = isEitherDay(fields) || fields.month.values.some((month) => first <= (MONTH_DAYS[month - 1] ?? 0));
  return comes ? undefined : `it never comes: no month of it has a day ${first}`;
}

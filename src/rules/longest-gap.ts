/** How far apart the runs of a schedule can be, roughly: enough to tell late from rare. */

const DAY_MS = 86_400_000;
const NAMED_DAYS: Readonly<Record<string, number>> = { '@yearly': 366, '@monthly': 31, '@weekly': 7 };

/**
 * The longest time between two runs, rounded up to a day, a week, a month or a year. `schedule` has five cron fields or is a name such
 * as `@daily`; where it restricts both the day of the month and the weekday, either is enough for a run, as in cron.
 */
export function longestGapMs(schedule: string): number {
  const trimmed = schedule.trim().toLowerCase();
  if (trimmed.startsWith('@')) return (NAMED_DAYS[trimmed] ?? 1) * DAY_MS;
  const [, , dayOfMonth = '*', month = '*', weekday = '*'] = trimmed.split(/\s+/);
  if (!month.startsWith('*')) return 366 * DAY_MS;
  if (!weekday.startsWith('*')) return 7 * DAY_MS;
  return (dayOfMonth === '*' ? 1 : 31) * DAY_MS;
}

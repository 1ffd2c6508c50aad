/** Checks a schedule as it is written in the configuration: five cron fields, or a name such as `@daily`. */

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names?: readonly string[];
}

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { name: 'day of week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

export const SCHEDULE_NAMES = ['@hourly', '@daily', '@weekly', '@monthly', '@yearly'] as const;

/** Why `schedule` is not one, or undefined when it is. */
export function scheduleProblem(schedule: string): string | undefined {
  const trimmed = schedule.trim().toLowerCase();
  if (trimmed.startsWith('@')) {
    return SCHEDULE_NAMES.some((name) => name === trimmed)
      ? undefined
      : `${schedule} is none of ${SCHEDULE_NAMES.join(' ')}`;
  }
  const fields = trimmed.split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return `a schedule has 5 fields (minute hour day-of-month month day-of-week), this has ${trimmed === '' ? 0 : fields.length}`;
  }
  for (const [at, text] of fields.entries()) {
    const problem = fieldProblem(text, FIELDS[at]!);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function fieldProblem(text: string, field: Field): string | undefined {
  const wrong = text.split(',').find((item) => !isItem(item, field));
  if (wrong === undefined) return undefined;
  return `"${wrong}" is no ${field.name}: ${field.min}–${field.max}, *, a range, a list or a step such as */15`;
}

/** `5`, `1-5`, `*`, each with an optional `/step`. */
function isItem(item: string, field: Field): boolean {
  const [range = '', step, ...more] = item.split('/');
  if (more.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0))) return false;
  if (range === '*') return true;
  const [from, to, ...rest] = range.split('-').map((value) => fieldValue(value, field));
  if (rest.length > 0 || from === undefined || Number.isNaN(from)) return false;
  return to === undefined || from <= to;
}

function fieldValue(text: string, { min, max, names }: Field): number {
  const named = names?.indexOf(text) ?? -1;
  const value = named >= 0 ? min + named : /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : Number.NaN;
}

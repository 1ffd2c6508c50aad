/** The five fields of a schedule, as cron reads them. */

export interface ScheduleField {
  /** In ascending order, each once; weekdays from 0 (Sunday) to 6. */
  readonly values: readonly number[];
  /** As cron takes it, without names: `1-5`, `0,30`, `*`. */
  readonly text: string;
  /** Whether it begins with `*`: then it does not restrict the day by itself. */
  readonly isStar: boolean;
  /** Whether it is every value that there is. */
  readonly isFull: boolean;
}

export interface ScheduleFields {
  readonly minute: ScheduleField;
  readonly hour: ScheduleField;
  readonly day: ScheduleField;
  readonly month: ScheduleField;
  readonly weekday: ScheduleField;
}

interface FieldRule {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const RULES = {
  minute: { name: 'minute', min: 0, max: 59 },
  hour: { name: 'hour', min: 0, max: 23 },
  day: { name: 'day of month', min: 1, max: 31 },
  month: { name: 'month', min: 1, max: 12, names: MONTHS },
  weekday: { name: 'day of week', min: 0, max: 7, names: WEEKDAYS },
} as const satisfies Record<keyof ScheduleFields, FieldRule>;

const FIELD_RULES: readonly FieldRule[] = Object.values(RULES);

const NAMED: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
};

const SCHEDULE_NAMES: readonly string[] = Object.keys(NAMED);

/** What is wrong, or the texts of five fields. */
export function splitSchedule(schedule: string): readonly string[] | { readonly problem: string } {
  const trimmed = schedule.trim().toLowerCase();
  if (trimmed.startsWith('@')) {
    const named = NAMED[trimmed];
    if (named === undefined) return { problem: `${schedule} is none of ${SCHEDULE_NAMES.join(' ')}` };
    return named.split(' ');
  }
  const fields = trimmed === '' ? [] : trimmed.split(/\s+/);
  if (fields.length === FIELD_RULES.length) return fields;
  return {
    problem: `a schedule has 5 fields (minute hour day-of-month month day-of-week), this has ${fields.length}`,
  };
}

/** What is wrong in a field of {@link splitSchedule}; undefined: nothing. */
export function fieldProblem(text: string, at: number): string | undefined {
  const rule = FIELD_RULES[at]!;
  const wrong = text.split(',').find((item) => itemOf(item, rule) === undefined);
  if (wrong === undefined) return undefined;
  return `"${wrong}" is no ${rule.name}: ${rule.min}–${rule.max}, *, a range, a list or a step such as */15`;
}

/** The fields of a schedule that is known to be one. */
export function scheduleFields(schedule: string): ScheduleFields {
  const texts = splitSchedule(schedule);
  if ('problem' in texts) throw new TypeError(texts.problem);
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = texts;
  return {
    minute: fieldOf(minute, RULES.minute),
    hour: fieldOf(hour, RULES.hour),
    day: fieldOf(day, RULES.day),
    month: fieldOf(month, RULES.month),
    weekday: fieldOf(weekday, RULES.weekday),
  };
}

/** Five fields that every cron takes, without names. */
export function plainSchedule({ minute, hour, day, month, weekday }: ScheduleFields): string {
  return [minute, hour, day, month, weekday].map(({ text }) => text).join(' ');
}

/** Whether a day that fits either the day of the month or the weekday is enough; otherwise both must fit. */
export function isEitherDay({ day, weekday }: Pick<ScheduleFields, 'day' | 'weekday'>): boolean {
  return !day.isStar && !weekday.isStar;
}

interface Item {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly isStar: boolean;
}

function fieldOf(text: string, rule: FieldRule): ScheduleField {
  const isWeekday = rule.name === RULES.weekday.name;
  const items = text.split(',').map((item) => itemOf(item, rule) ?? { from: 0, to: -1, step: 1, isStar: false });
  const all = items.flatMap(valuesOf).map((value) => (isWeekday ? value % 7 : value));
  const values = [...new Set(all)].sort((a, b) => a - b);
  // 7 is Sunday as well as 0, but not in every program.
  const hasSeven = isWeekday && items.some(({ to, isStar }) => to === 7 && !isStar);
  return {
    values,
    text: hasSeven ? values.join(',') : items.map((item) => itemText(item, rule)).join(','),
    isStar: text.startsWith('*'),
    isFull: values.length === (isWeekday ? 7 : rule.max - rule.min + 1),
  };
}

function valuesOf({ from, to, step }: Item): number[] {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

function itemText({ from, to, step, isStar }: Item, rule: FieldRule): string {
  const range = isStar ? '*' : from === to ? String(from) : `${from}-${to}`;
  return step === 1 || from === to ? range : `${isStar && rule.min === from ? '*' : range}/${step}`;
}

/** `5`, `1-5`, `*`, each with an optional `/step`; from a single value, steps go on to the end. Undefined when it is none of these. */
function itemOf(item: string, rule: FieldRule): Item | undefined {
  const [range = '', stepText, ...more] = item.split('/');
  if (more.length > 0 || (stepText !== undefined && !/^[1-9]\d{0,3}$/.test(stepText))) return undefined;
  const step = Number(stepText ?? 1);
  // Both names of Sunday are in the table: a star is each day once.
  const last = rule.name === RULES.weekday.name ? 6 : rule.max;
  if (range === '*') return { from: rule.min, to: last, step, isStar: true };
  const [from, to, ...rest] = range.split('-').map((value) => numberOf(value, rule));
  if (rest.length > 0 || from === undefined || Number.isNaN(from)) return undefined;
  if (to === undefined) return { from, to: stepText === undefined ? from : Math.max(from, last), step, isStar: false };
  return from <= to ? { from, to, step, isStar: false } : undefined;
}

function numberOf(text: string, { min, max, names }: FieldRule): number {
  const named = names?.indexOf(text) ?? -1;
  const value = named >= 0 ? min + named : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : Number.NaN;
}

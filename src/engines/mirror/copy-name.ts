/** Names of the copies that a mirror has of one source. */
import type { Rotation } from './options.ts';

const LATEST = 'latest';
const DAYS = ['7-Sunday', '1-Monday', '2-Tuesday', '3-Wednesday', '4-Thursday', '5-Friday', '6-Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
].concat(['November', 'December']);

/** The copy that a run of that time makes: `latest`, or one for each day of the week. Days are those of UTC. */
export function copyOf(time: Date, rotate: readonly Rotation[]): string {
  return rotate.includes('day_of_week') ? (DAYS[time.getUTCDay()] ?? LATEST) : LATEST;
}

/** The copy of the month, `01-January`; undefined where there are none. */
export function monthCopyOf(time: Date, rotate: readonly Rotation[]): string | undefined {
  if (!rotate.includes('first_of_month')) return undefined;
  const month = time.getUTCMonth();
  return `${String(month + 1).padStart(2, '0')}-${MONTHS[month]}`;
}

/** Whether both are in the same month of the same year. */
export function inSameMonth(left: Date, right: Date): boolean {
  return left.getUTCFullYear() === right.getUTCFullYear() && left.getUTCMonth() === right.getUTCMonth();
}

/** Text for people: tables, sizes, times, states. */
import { formatBytes } from '../base/bytes.ts';
import { formatElapsed } from '../base/durations.ts';
import { displayName } from '../base/names.ts';

export interface Column {
  readonly title: string;
  /** Default left. */
  readonly align?: 'left' | 'right';
  /** Where the table is too wide, what has the smallest number is left out first. Default: it stays. */
  readonly spare?: number;
}

/**
 * A table without lines; columns are two spaces apart. Line breaks in cells are shown as `\x0a`. `fitInto`: characters of the terminal's
 * lines; undefined: as wide as it gets.
 */
export function table(
  columns: readonly Column[],
  given: readonly (readonly string[])[],
  indent = '',
  fitInto = Number.POSITIVE_INFINITY,
): string {
  const rows = given.map((row) => row.map((cell) => cell.replaceAll('\n', '\\x0a')));
  const widths = columns.map((column, at) =>
    rows.reduce((widest, row) => Math.max(widest, width(row[at] ?? '')), width(column.title)),
  );
  const shown = fitting(columns, widths, fitInto - indent.length);
  const line = (cells: readonly string[]) => {
    const padded = shown.map((at) => pad(cells[at] ?? '', widths[at]!, columns[at]!.align ?? 'left'));
    return `${indent}${padded.join('  ').trimEnd()}\n`;
  };
  const titles = columns.every((column) => column.title === '') ? '' : line(columns.map((column) => column.title));
  return titles + rows.map(line).join('');
}

/** Of the last column, so much is to be seen without a line break; the rest may be a sentence. */
const LAST_WIDTH = 24;

/** Which columns there is room for. */
function fitting(columns: readonly Column[], widths: readonly number[], room: number): number[] {
  const shown = columns.map((_, at) => at);
  const taken = () =>
    shown.reduce(
      (sum, at) => sum + (at === columns.length - 1 ? Math.min(widths[at]!, LAST_WIDTH) : widths[at]! + 2),
      0,
    );
  const spare = shown
    .filter((at) => columns[at]!.spare !== undefined)
    .sort((left, right) => columns[left]!.spare! - columns[right]!.spare!);
  for (const at of spare) {
    if (taken() <= room) break;
    shown.splice(shown.indexOf(at), 1);
  }
  return shown;
}

/** A word in the colour of another one. */
export function painted(word: string, like: 'ok' | 'failed', colors: boolean): string {
  return colors ? state(like, true).replace(like, word) : word;
}

function pad(text: string, columns: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, columns - width(text)));
  return align === 'right' ? space + text : text + space;
}

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Characters that a terminal shows for `text`, colours left out. */
function width(text: string): number {
  return [...text.replaceAll(ESCAPES, '')].length;
}

/** `2026-11-20 03:07:00` in this machine's time zone. */
export function localTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** `3m 05s ago`, `in 2h 00m`, `just now`. */
export function age(time: Date, now: Date): string {
  const elapsedMs = now.getTime() - time.getTime();
  if (Math.abs(elapsedMs) < 1000) return 'just now';
  return elapsedMs > 0 ? `${formatElapsed(elapsedMs)} ago` : `in ${formatElapsed(-elapsedMs)}`;
}

/** `1 file`, `12,345 files`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount.toLocaleString('en-US')} ${amount === 1 ? one : many}`;
}

export function size(sizeBytes: number | undefined): string {
  return sizeBytes === undefined ? '-' : formatBytes(sizeBytes);
}

export function duration(durationMs: number): string {
  return formatElapsed(durationMs);
}

/** A path that can be printed on one line of any terminal. */
export function shownPath(path: string): string {
  return displayName(path);
}

/** What is said of a place, without naming it twice. */
export function saidOf(path: string, message: string): string {
  const shown = shownPath(path);
  const [what = ''] = message.split(': ', 1);
  return what.includes(shown) ? message : `${shown}: ${message}`;
}

export type State = 'ok' | 'note' | 'warnings' | 'warning' | 'failed' | 'bad' | 'interrupted';

const COLORS: Readonly<Record<State, number>> = {
  ok: 32,
  note: 36,
  warnings: 33,
  warning: 33,
  failed: 31,
  bad: 31,
  interrupted: 31,
};

/** The word for a state, coloured where that is allowed. */
export function state(value: State, colors: boolean): string {
  return colors ? `\u001b[${COLORS[value]}m${value}\u001b[0m` : value;
}

/** The first lines of a list (by default {@link SHOWN}), then how many more there are. */
export function firstOf(lines: readonly string[], total: number, indent: string, limit = SHOWN): string {
  const shown = lines.slice(0, limit).map((line) => `${indent}${line}\n`);
  const more = total - Math.min(lines.length, limit);
  return shown.join('') + (more > 0 ? `${indent}… and ${more.toLocaleString('en-US')} more\n` : '');
}

const SHOWN = 10;

/** What the files are called in which a repository of this kind keeps content. */
export function storedFile(kind: string): string {
  if (kind === 'archive') return 'archive';
  return kind === 'mirror' ? 'file' : 'pack';
}

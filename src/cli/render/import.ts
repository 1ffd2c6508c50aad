/** What a person reads after `surety import`. */
import { type Imported, placed } from '../../import/import.ts';
import { count, shownPath } from '../render.ts';

/** `file`: where it was written to; undefined: it is printed. */
export function importText({ format, carried, notCarried, notes }: Imported, file: string | undefined): string {
  const wrote = file === undefined ? '' : `wrote ${shownPath(file)}\n`;
  const settings = new Set(carried.map(placed)).size;
  const amounts = `read as ${format}: ${count(settings, 'setting')} carried over, ${notCarried.length} not\n`;
  const omitted = notCarried.map((one) => `not carried over: ${placed(one)}: ${one.reason}\n    → ${one.remedy}\n`);
  const noted = notes.map((one) => `note: ${placed(one)}: ${one.message}\n`);
  const next =
    file === undefined ? '' : 'Next: look through it, then `surety config check`, `surety init` and `surety check`.\n';
  return [wrote, amounts, ...omitted, ...noted, next].join('');
}

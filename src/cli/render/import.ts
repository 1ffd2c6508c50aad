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
  const loading = file === undefined ? '' : environmentHint(notes);
  return [wrote, amounts, ...omitted, ...noted, next, loading].join('');
}

/** A secret that stands in a file of variables is read by no run of Surety by itself. */
function environmentHint(notes: Imported['notes']): string {
  const from = notes.find(({ message }) => message.includes('the secret itself is not copied'))?.file;
  if (from === undefined || !/\.env$/.test(from)) return '';
  const path = from.includes('/') ? from : `./${from}`;
  return `Before these, for the secrets: set -a; . ${shownPath(path)}; set +a\n`;
}

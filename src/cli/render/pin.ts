/** What a person reads after `surety pin` and `surety unpin`. */
import { shortId } from '../../base/short-id.ts';
import type { Pinned, PinReport, UnpinReport } from '../../operations/pin.ts';
import { localTime, table } from '../render.ts';

export function pinReportText({ pinned, unpinnable, until }: PinReport): string {
  const end = until === undefined ? '' : ` until ${localTime(until)}`;
  return rowsText([
    ...pinned.map((one) => [`pinned${end}`, ...cellsOf(one)]),
    ...unpinnable.map((one) => ['can not be pinned', ...cellsOf(one)]),
  ]);
}

export function unpinReportText({ unpinned }: UnpinReport): string {
  return rowsText(unpinned.map((one) => [one.pins === 0 ? 'was not pinned' : 'not pinned any more', ...cellsOf(one)]));
}

function cellsOf({ id, source, time, repository }: Pinned): string[] {
  return [shortId(id), localTime(time), source, `in ${repository}`];
}

function rowsText(rows: readonly (readonly string[])[]): string {
  return table([{ title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }], rows);
}

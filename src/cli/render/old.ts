/** What a person reads of `surety restore --list-old`. */
import type { OldReport } from '../../operations/restore/list-old.ts';
import { count, localTime, size, table } from '../render.ts';
import { errorBelow } from './error.ts';

const COLUMNS = [
  { title: 'Source' },
  { title: 'What is old' },
  { title: 'Size', align: 'right' as const },
  { title: '' },
];
const SAID = { kept: 'kept: what a restore replaced', unfinished: 'of a restore that was killed or goes on' };
const HOW =
  'What is needed no more is removed by hand: DROP DATABASE "NAME" in PostgreSQL, DROP DATABASE `NAME` in MySQL and MariaDB, rm for a file.\n';

export function oldText({ sources, safetyDumps }: OldReport): string {
  const databases = sources.flatMap(({ source, databases }) =>
    databases.map(({ name, state, sizeBytes }) => [source, `database ${name}`, size(sizeBytes), SAID[state]]),
  );
  const dumps = safetyDumps.map(({ file, time, sizeBytes }) => [
    '-',
    file,
    size(sizeBytes),
    `safety dump, ${localTime(time)}`,
  ]);
  const errors = sources.flatMap(({ source, error }) =>
    error === undefined ? [] : [`source ${source} can not be asked:\n${errorBelow(error, '  ')}`],
  );
  const rows = [...databases, ...dumps];
  if (rows.length === 0) return errors.length === 0 ? 'Earlier restores left nothing.\n' : errors.join('');
  const total = `${count(databases.length, 'database')}, ${count(dumps.length, 'safety dump')}. ${HOW}`;
  return table(COLUMNS, rows) + errors.join('') + total;
}

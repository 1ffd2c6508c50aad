/** What a person reads of `surety audit`. */
import { shortId } from '../../base/short-id.ts';
import type { AuditEntry } from '../../operations/audit/audit-entries.ts';
import type { Asked } from '../../operations/audit/audit-log.ts';
import type { ChainReport } from '../../rules/hash-chain.ts';
import { count, duration, localTime, shownPath, state, table } from '../render.ts';

interface AuditTextHow {
  readonly colors: boolean;
  readonly location: string;
  /** So many entries are shown; undefined: all. */
  readonly lines: number | undefined;
}

const COLUMNS = [
  { title: 'Time' },
  { title: 'Who' },
  { title: 'Command' },
  { title: 'Took', align: 'right' as const },
  { title: 'Result' },
  { title: 'What' },
];

/** Newest first. */
export function auditText(entries: readonly AuditEntry[], { colors, location, lines }: AuditTextHow): string {
  if (entries.length === 0) return `nothing is recorded in ${location}\n`;
  const shown = lines === undefined ? entries : entries.slice(0, lines);
  const older = entries.length - shown.length;
  const more = older === 0 ? '' : `… and ${older.toLocaleString('en-US')} older: --all shows them\n`;
  return `${table(
    COLUMNS,
    shown.map((one) => row(one, colors)),
  )}${more}`;
}

function row(entry: AuditEntry, colors: boolean): string[] {
  const { at, command, asked, end } = entry;
  return [
    localTime(at),
    whoOf(entry),
    [command, ...askedWords(asked).filter((word) => !command.split(' ').includes(word))].join(' '),
    end === undefined ? '-' : duration(end.at.getTime() - at.getTime()),
    resultOf(entry, colors),
    whatOf(entry),
  ];
}

function whoOf({ user, behind, host, processId }: AuditEntry): string {
  const person = behind === '' || behind === user ? user : `${behind} as ${user}`;
  return `${person}@${host} (${processId})`;
}

function askedWords(asked: Asked): string[] {
  return Object.entries(asked).map(([name, value]) => {
    const typed = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (value === true) return `--${typed}`;
    const text = Array.isArray(value) ? value.map((one) => shortId(String(one))).join(',') : shortId(String(value));
    return `${typed}=${shownPath(text)}`;
  });
}

function resultOf({ state: known, end }: AuditEntry, colors: boolean): string {
  if (end === undefined) return known === 'killed' ? `${state('failed', colors)} (killed)` : known;
  if (end.exitCode === 0) return state('ok', colors);
  const word = end.exitCode === 3 ? state('warnings', colors) : state('failed', colors);
  return `${word} (${end.exitCode}${end.error === '' ? '' : `, ${end.error}`})`;
}

function whatOf({ end, removed }: AuditEntry): string {
  const gone = removed.map(
    ({ repository, count: number }) => `${count(number, 'snapshot')} removed from ${repository}`,
  );
  const steps = end?.steps ?? [];
  const bad = steps.filter(({ outcome }) => outcome !== 'ok' && outcome !== 'warnings').length;
  const places = [
    ...new Set(steps.map(({ repository, source }) => (source === '' ? repository : `${source}/${repository}`))),
  ];
  const shown = places.length > 3 ? `${places.slice(0, 3).join(' ')} …` : places.join(' ');
  const key = end?.key === undefined ? [] : [`key ${shortId(end.key)}`];
  return [...gone, ...key, shown, bad === 0 ? '' : `${bad} failed`].filter((part) => part !== '').join(', ');
}

export function chainText(report: ChainReport, { colors, location }: Omit<AuditTextHow, 'lines'>): string {
  const { lines, lastHash, beginsLater, breaks, cut } = report;
  if (lines === 0) return `nothing is recorded in ${location}\n`;
  const broken = breaks.map(
    ({ file, number, message }) => `${state('bad', colors)}  ${file} line ${number} ${message}\n`,
  );
  const torn = cut.map(({ file, number }) => `note: ${file} line ${number} was cut while it was written\n`);
  const head = beginsLater ? ['note: what came before the first line is not here\n'] : [];
  const verdict =
    breaks.length === 0 ? `${count(lines, 'line')}, none changed or taken out of the middle` : count(lines, 'line');
  return `${broken.join('')}${torn.join('')}${head.join('')}${location}: ${verdict}\nlast: ${lastHash}\n`;
}

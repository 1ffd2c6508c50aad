/** What a person reads of `surety list`. */
import { shortId } from '../../base/short-id.ts';
import { givenName } from '../../operations/given-name.ts';
import type { ListedFailure } from '../../operations/list/listed-failures.ts';
import type { ListedSnapshot } from '../../operations/list/listed-snapshot.ts';
import type { ListReport, RepositoryListing } from '../../operations/list.ts';
import { age, count, firstOf, localTime, shownPath, size, state, table } from '../render.ts';
import { errorBelow } from './error.ts';

interface ListTextHow {
  readonly now: Date;
  readonly colors: boolean;
  /** So many lines of each repository are shown; undefined: all. */
  readonly lines?: number | undefined;
  /** Characters of the terminal's lines; undefined: it is none. */
  readonly columns?: number | undefined;
}

export function listText({ repositories }: ListReport, how: ListTextHow): string {
  return repositories.map((one) => repositoryText(one, how)).join('\n');
}

function repositoryText(listing: RepositoryListing, how: ListTextHow): string {
  const title = `${listing.repository} (${listing.kind}, ${listing.location})\n`;
  if (listing.error !== undefined)
    return `${title}  ${state('failed', how.colors)}\n${errorBelow(listing.error, '  ')}`;
  const unreadable = listing.unreadable.map(({ id, error }) => `unreadable: ${shortId(id)}: ${error.message}`);
  const incomplete = listing.incomplete.map((file) => `incomplete: ${shownPath(file)}: belongs to no snapshot`);
  return (
    title +
    snapshotTable(listing, how) +
    firstOf(unreadable, unreadable.length, '  ') +
    firstOf(incomplete, incomplete.length, '  ')
  );
}

const COLUMNS = [
  { title: 'ID' },
  { title: 'Time' },
  { title: 'Age', spare: 1 },
  { title: 'Source' },
  { title: 'Host', spare: 2 },
  { title: 'Size', align: 'right' as const },
  { title: 'Verified' },
  { title: 'In', spare: 3 },
  { title: 'Recovery point' },
];

function snapshotTable(
  { snapshots, failures }: RepositoryListing,
  { now, colors, lines, columns }: ListTextHow,
): string {
  if (snapshots.length + failures.length === 0) return '  no snapshots\n';
  const rows = [
    ...snapshots.map((one) => ({ time: one.time, row: snapshotRow(one, now, colors) })),
    ...failures.map((one) => ({ time: one.time, row: failureRow(one, now, colors) })),
  ];
  const isOldestFirst = (snapshots[0]?.time ?? 0) < (snapshots.at(-1)?.time ?? 0);
  const sign = isOldestFirst ? 1 : -1;
  rows.sort((left, right) => sign * (left.time.getTime() - right.time.getTime()));
  const shown = lines === undefined ? rows : isOldestFirst ? rows.slice(-lines) : rows.slice(0, lines);
  const older = rows.length - shown.length;
  const more = older === 0 ? '' : `  … and ${older.toLocaleString('en-US')} older: --all shows them\n`;
  const failed = failures.length === 0 ? '' : `, ${count(failures.length, 'failed backup')}`;
  const cells = withoutRepeats(shown.map(({ row }) => row));
  return `${table(COLUMNS, cells, '  ', columns)}${more}  ${count(snapshots.length, 'snapshot')}${failed}\n`;
}

function snapshotRow(one: ListedSnapshot, now: Date, colors: boolean): string[] {
  return [
    shortId(one.id),
    localTime(one.time),
    age(one.time, now),
    one.source === '' ? foreignName(one) : one.source,
    one.host,
    size(one.sizeBytes),
    one.state === 'bad' ? state('bad', colors) : one.state === 'unverified' ? '-' : one.state,
    one.copies.join(' '),
    one.recoveryPoint + (one.complete ? '' : ' (incomplete)') + (one.pins.length === 0 ? '' : ' pinned'),
  ];
}

/** By the name that it has, and the program that made it. */
function foreignName(one: ListedSnapshot): string {
  const name = givenName(one);
  const program = `(${one.program === '' ? 'another program' : one.program})`;
  return name === undefined ? program : `${shownPath(name)} ${program}`;
}

/** A server that is gone for a week fails every night in the same words: of one source they are said once. */
function withoutRepeats(rows: readonly (readonly string[])[]): (readonly string[])[] {
  const said = new Map<string, string>();
  return rows.map((row) => {
    const [source = '', message = ''] = [row[SOURCE_AT], row.at(-1)];
    if (row[SOURCE_AT + 1] !== '-') return row;
    const isRepeat = said.get(source) === message;
    said.set(source, message);
    return isRepeat ? [...row.slice(0, -1), 'the same'] : row;
  });
}

const SOURCE_AT = COLUMNS.findIndex(({ title }) => title === 'Source');
/** Characters of a message that are shown in a table. */
const MESSAGE_LENGTH = 80;

function shortened(message: string): string {
  const characters = [...message];
  return characters.length <= MESSAGE_LENGTH ? message : `${characters.slice(0, MESSAGE_LENGTH - 1).join('')}…`;
}

/** The message takes the place of what only a snapshot has; `surety show ID` has all of it. */
function failureRow(one: ListedFailure, now: Date, colors: boolean): string[] {
  const id = one.from === 'catalog' ? '-' : shortId(one.id);
  const run = one.from === 'catalog' ? one.id : '';
  const message = one.message.replaceAll(/\s+/g, ' ');
  return [
    id,
    localTime(one.time),
    age(one.time, now),
    one.source,
    '-',
    '-',
    state('failed', colors),
    '-',
    `${run} ${shortened(message)}`.trim(),
  ];
}

/** What a person reads of `surety show`. */
import { shortId } from '../../base/short-id.ts';
import { givenName } from '../../operations/given-name.ts';
import { hookName } from '../../operations/hooks/hook-report.ts';
import type { ShownCopy, ShownEntry, ShownSnapshot, ShowReport } from '../../operations/show.ts';
import { pinText } from '../../rules/pins.ts';
import { age, count, duration, localTime, shownPath, size, table } from '../render.ts';

export function showText(report: ShowReport, now: Date): string {
  const { point, snapshots, run, repository, location } = report;
  const head =
    point === undefined
      ? ''
      : `recovery point ${point.id}: ${point.complete ? 'complete' : 'not complete'}, ` +
        `${point.members.length} of ${point.expected} sources in ${repository}\n${membersText(snapshots)}${runText(run)}\n`;
  return head + snapshots.map((shown) => snapshotText(shown, `${repository} (${location})`, now)).join('\n');
}

/** What a recovery point consists of, in the order it was taken. */
function membersText(snapshots: readonly ShownSnapshot[]): string {
  if (snapshots.length < 2) return '';
  const rows = snapshots.map(({ snapshot, facts }) => {
    // The schema is recorded like a table, but nobody counts it as one.
    const tables = (facts?.fingerprint?.tables ?? []).filter(({ name }) => name !== 'sqlite_schema');
    const rowCount = tables.reduce((sum, { rows }) => sum + rows, 0);
    return [
      snapshot.source,
      facts?.kind ?? '',
      shortId(snapshot.id),
      count(facts?.files ?? 0, 'file'),
      size(facts?.sizeBytes),
      tables.length === 0 ? '' : `${count(tables.length, 'table')}, ${count(rowCount, 'row')}`,
    ];
  });
  const right = { title: '', align: 'right' } as const;
  return table([{ title: '' }, { title: '' }, { title: '' }, right, right, { title: '' }], rows, '  ');
}

/** What of the run is in no repository: how long it took, which members failed, its hooks. */
function runText(run: ShowReport['run']): string {
  if (run === undefined) return '';
  const { startedAt, endedAt, outcome, members, hooks } = run;
  const took = endedAt === undefined ? '' : `, took ${duration(endedAt.getTime() - startedAt.getTime())}`;
  const lines = [`  the run: ${outcome ?? 'not ended'}${took}`];
  for (const { source, repository, outcome: ended, error } of members) {
    if (error === undefined) continue;
    const said = error.message.replace(`source ${source} into repository ${repository}: `, '');
    lines.push(`  ${source} → ${repository} ${ended}: ${firstLine(said)}`);
  }
  for (const hook of hooks) {
    const what = hookName({ ...hook, job: run.job });
    lines.push(
      `  ${what}: ${hook.error === undefined ? hook.outcome : `${hook.outcome}, ${firstLine(hook.error.message)}`}`,
    );
  }
  return `${lines.map(shownPath).join('\n')}\n`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function snapshotText({ snapshot, facts, copies, pins }: ShownSnapshot, repository: string, now: Date): string {
  const versions = Object.entries(facts?.versions ?? {}).map(([name, version]) => `${name} ${version}`);
  const rows: [string, string | undefined][] = [
    ['snapshot', snapshot.id],
    ['archive', givenName(snapshot)],
    [
      'source',
      snapshot.source === '' ? undefined : `${snapshot.source}${facts === undefined ? '' : ` (${facts.kind})`}`,
    ],
    ['time', `${localTime(snapshot.time)} (${age(snapshot.time, now)})`],
    ['host', snapshot.host],
    ['paths', snapshot.paths.map(shownPath).join(', ')],
    ['repository', repository],
    ...copies.map((copy, at): [string, string] => [at === 0 ? 'stored in' : '', copyText(copy)]),
    ['recovery point', snapshot.recoveryPoint],
    ['tags', snapshot.tags.join(', ')],
    ...pins.map((pin): [string, string] => ['kept', pinText(pin)]),
    ['parent', snapshot.parent === undefined ? undefined : shortId(snapshot.parent)],
    ['made by', [snapshot.program, snapshot.user].filter((part) => part !== '').join(', user ')],
    ['content', facts === undefined ? undefined : `${count(facts.files, 'file')}, ${size(facts.sizeBytes)}`],
    ['added', addedText(snapshot.stats)],
    ['versions', versions.join(', ')],
    ['stopped for', facts?.downtimeMs === undefined ? undefined : duration(facts.downtimeMs)],
    ...(facts?.notes ?? []).map((note): [string, string] => ['note', shownPath(note)]),
    ['warnings', facts === undefined || facts.warnings === 0 ? undefined : String(facts.warnings)],
  ];
  // Only the first of the places has a title.
  const given = rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '');
  return table([{ title: '' }, { title: '' }], given) + fingerprintText(facts?.fingerprint);
}

/** Of an archive, whose backups are whole each, all of it. */
function addedText(stats: ShownSnapshot['snapshot']['stats']): string | undefined {
  return stats === undefined ? undefined : `${size(stats.addedBytes)}, stored ${size(stats.storedBytes)}`;
}

const STATES = {
  proven: 'proven: it was restored whole',
  data: 'every byte verified',
  structure: 'structure verified',
  bad: 'bad',
  unverified: 'not verified',
} as const;

function copyText({ repository, id, state, verifiedAt, message }: ShownCopy): string {
  // When it was restored is in the catalog alone; what is known here is when it was verified.
  const verified = state === 'proven' ? ', verified' : ',';
  const when = verifiedAt === undefined ? '' : `${verified} ${localTime(verifiedAt)}`;
  return `${repository} as ${shortId(id)}: ${STATES[state]}${when}${message === '' ? '' : `: ${message}`}`;
}

type Fingerprint = NonNullable<NonNullable<ShownSnapshot['facts']>['fingerprint']>;

function fingerprintText(fingerprint: Fingerprint | undefined): string {
  if (fingerprint === undefined) return '';
  return tablesText(fingerprint) + objectsText(fingerprint);
}

/** How many there are of each kind: their names and values are in the JSON document. */
function objectsText({ objects = [] }: Fingerprint): string {
  const kinds = [...new Set(objects.map(({ kind }) => kind))];
  const counts = kinds.flatMap((kind) => {
    const own = objects.filter((one) => one.kind === kind);
    const amount = kind === 'large-object' ? Number(own[0]?.value) : own.length;
    return amount > 0 ? [count(amount, kind.replace('-', ' '))] : [];
  });
  return counts.length === 0 ? '' : `\n  ${counts.join(', ')}\n`;
}

function tablesText(fingerprint: Fingerprint): string {
  if (fingerprint.tables.length === 0) return '';
  const rows = fingerprint.tables.map(({ name, rows: amount, checksum }) => [
    shownPath(name),
    amount.toLocaleString('en-US'),
    checksum?.slice(0, 16) ?? '-',
  ]);
  return `\n${table([{ title: 'Table' }, { title: 'Rows', align: 'right' }, { title: 'Checksum' }], rows, '  ')}`;
}

const TYPES = { file: '-', dir: 'd', symlink: 'l', fifo: 'p', socket: 's', chardev: 'c', dev: 'b' } as const;

/** Like `ls -l`, with the whole path. */
export function entryLine(entry: ShownEntry): string {
  const owner = `${entry.user || entry.uid} ${entry.group || entry.gid}`;
  const time = localTime(new Date(Number(entry.mtimeNs / 1_000_000n)));
  const link = entry.linkTarget === undefined ? '' : ` -> ${shownPath(entry.linkTarget)}`;
  const bytes = String(entry.type === 'file' ? entry.sizeBytes : 0).padStart(12);
  return `${TYPES[entry.type]}${permissions(entry.mode)} ${owner.padEnd(16)} ${bytes} ${time} ${shownPath(entry.path)}${link}\n`;
}

function permissions(mode: number): string {
  const letters = 'rwxrwxrwx';
  const plain = [...letters].map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'));
  const special = [
    { bit: 0o4000, at: 2, set: 's', bare: 'S' },
    { bit: 0o2000, at: 5, set: 's', bare: 'S' },
    { bit: 0o1000, at: 8, set: 't', bare: 'T' },
  ];
  for (const { bit, at, set, bare } of special) if (mode & bit) plain[at] = plain[at] === 'x' ? set : bare;
  return plain.join('');
}

/** An entry for scripts. */
export function entryDocument(entry: ShownEntry): object {
  const { path, type, mode, uid, gid, user, group, mtimeNs, sizeBytes, linkTarget } = entry;
  const octal = mode.toString(8).padStart(4, '0');
  return { path, type, mode: octal, uid, gid, user, group, mtimeNs: mtimeNs.toString(), sizeBytes, linkTarget };
}

/** What a person reads of `surety status`: one screen. */
import { spanName } from '../../base/durations.ts';
import { listed } from '../../base/nearest.ts';
import type { StatusRun } from '../../operations/status/status-runs.ts';
import type { SourceStatus } from '../../operations/status/status-source.ts';
import type { RepositoryStatus, StatusReport } from '../../operations/status.ts';
import type { ProtectionReason } from '../../rules/protection.ts';
import { age, count, duration, localTime, painted, size, state, table } from '../render.ts';
import { errorBelow } from './error.ts';
import { scenariosText } from './scenarios.ts';

/** `columns`: characters of the terminal's lines; undefined: it is none. */
export function statusText(report: StatusReport, colors: boolean, columns?: number): string {
  const { sources, repositories, now } = report;
  const parts = [
    sources.length === 0 ? 'the configuration has no source\n' : sourceTable(sources, { now, colors, columns }),
    alarmLines(sources, colors) + noteLines(sources),
    scenariosText(report.scenarios, colors),
    repositoryTable(repositories, now, colors),
    runLines(report),
    `${summaryOf(report)}\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

const SOURCE_COLUMNS = [
  { title: 'Source' },
  { title: 'Importance', spare: 1 },
  { title: 'Newest good backup', spare: 3 },
  { title: 'Age', align: 'right' as const },
  { title: 'At most', align: 'right' as const },
  { title: 'Last try', spare: 4 },
  { title: 'Next', align: 'right' as const, spare: 2 },
  { title: 'Proven', align: 'right' as const },
  { title: 'Restore', align: 'right' as const },
  { title: 'At most', align: 'right' as const },
  { title: 'State' },
];

interface TableHow {
  readonly now: Date;
  readonly colors: boolean;
  readonly columns: number | undefined;
}

function sourceTable(sources: readonly SourceStatus[], { now, colors, columns }: TableHow): string {
  return table(
    SOURCE_COLUMNS,
    sources.map((one) => {
      const { name, importance, newest, rpoMs, rtoMs, lastAttempt, nextRun, provenAt, verdict } = one;
      return [
        name,
        importance,
        newest === undefined ? '-' : localTime(newest.time).slice(0, -3),
        newest === undefined ? '-' : elapsed(newest.time, now),
        rpoMs === undefined ? '-' : spanName(rpoMs),
        lastAttempt === undefined ? '-' : state(lastAttempt.outcome, colors),
        nextRun === undefined ? '-' : duration(Math.max(0, nextRun.getTime() - now.getTime())),
        provenAt === undefined ? '-' : elapsed(provenAt, now),
        restoreCell(one),
        rtoMs === undefined ? '-' : spanName(rtoMs),
        verdict.alarm ? painted(verdict.state, 'failed', colors) : painted(verdict.state, 'ok', colors),
      ];
    }),
    '',
    columns,
  );
}

function elapsed(time: Date, now: Date): string {
  const ms = now.getTime() - time.getTime();
  return ms < 0 ? age(time, now) : duration(ms);
}

function restoreCell({ restoreTime }: SourceStatus): string {
  if (restoreTime === undefined) return 'not measured';
  return `${restoreTime.from === 'reading' ? '> ' : ''}${duration(restoreTime.expectedMs)}`;
}

const IMPORTANCES: readonly SourceStatus['importance'][] = ['must', 'should', 'could'];

/** What matters most comes first. */
function alarmLines(sources: readonly SourceStatus[], colors: boolean): string {
  const ordered = sources.toSorted(
    (left, right) => IMPORTANCES.indexOf(left.importance) - IMPORTANCES.indexOf(right.importance),
  );
  const lines = ordered.flatMap(({ name, verdict }) =>
    verdict.reasons
      .filter(({ alarm }) => alarm)
      .map(({ code, text }) => `${painted(code.replaceAll('-', ' '), 'failed', colors)}  ${name}: ${oneLine(text)}\n`),
  );
  return lines.join('');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

const NOTES: readonly (readonly [code: ProtectionReason['code'], said: string])[] = [
  ['overdue', 'missed its schedule, twice or more:'],
  ['no-job', 'no job backs up'],
  ['no-backup', 'no good backup yet of'],
  ['unproven', 'never restored whole:'],
  ['unverified', 'never verified:'],
  ['not-measured', 'restore never measured:'],
];

/** One line for all sources that the same is to be said of. */
function noteLines(sources: readonly SourceStatus[]): string {
  const lines = NOTES.flatMap(([code, said]) => {
    const names = sources
      .filter(({ verdict }) => verdict.reasons.some((one) => !one.alarm && one.code === code))
      .map(({ name }) => name);
    return names.length === 0 ? [] : [`note: ${said} ${listed(names, 'and')}\n`];
  });
  const odd = sources.flatMap(({ name, verdict }) =>
    verdict.reasons.filter(({ code }) => code === 'unusual').map(({ text }) => `note: ${name}: ${text}\n`),
  );
  return [...lines, ...odd].join('');
}

const REPOSITORY_COLUMNS = [
  { title: 'Repository' },
  { title: 'Kind' },
  { title: 'Snapshots', align: 'right' as const },
  { title: 'Newest', align: 'right' as const },
  { title: 'Stored', align: 'right' as const },
  { title: 'Free', align: 'right' as const },
  { title: 'State' },
];

function repositoryTable(repositories: readonly RepositoryStatus[], now: Date, colors: boolean): string {
  if (repositories.length === 0) return '';
  const rows = repositories.map((one) => [
    one.repository,
    one.kind,
    one.snapshots.toLocaleString('en-US'),
    one.newest === undefined ? '-' : elapsed(one.newest, now),
    `${one.usage?.isWhole === false ? '> ' : ''}${size(one.usage?.storedBytes)}`,
    size(one.usage?.freeBytes),
    repositoryState(one, colors),
  ]);
  const errors = repositories.flatMap(({ repository, error }) =>
    error === undefined
      ? []
      : [`${repository}: as this machine remembers it, since it can not be read now\n${errorBelow(error, '  ')}`],
  );
  return table(REPOSITORY_COLUMNS, rows) + errors.join('');
}

function repositoryState(
  { error, failing, damaged, unreadable, failedBackups }: RepositoryStatus,
  colors: boolean,
): string {
  if (error !== undefined) return state('failed', colors);
  const parts = [
    failing.length === 0 ? '' : `last backup of ${listed([...failing], 'and')} failed`,
    damaged === 0 ? '' : `${damaged} damaged`,
    unreadable === 0 ? '' : `${unreadable} unreadable`,
    failedBackups === 0 ? '' : count(failedBackups, 'failed backup'),
  ].filter((part) => part !== '');
  return parts.length === 0 ? state('ok', colors) : parts.join(', ');
}

function runLines({ running, killed, unfinishedRestores, now }: StatusReport): string {
  const lines = [
    ...running.map((run) => `running: ${runName(run)}, since ${age(run.startedAt, now).replace(/ ago$/, '')}\n`),
    ...killed.map((run) => `killed: ${runName(run)}, begun ${age(run.startedAt, now)}\n`),
  ];
  if (unfinishedRestores > 0)
    lines.push(`${count(unfinishedRestores, 'restore')} not finished: surety restore --resume goes on\n`);
  return lines.join('');
}

function runName({ verb, job, id }: StatusRun): string {
  return `${verb}${job === '' ? '' : ` of job ${job}`} (${id})`;
}

function summaryOf({ sources, repositories, scenarios }: StatusReport): string {
  const bad = sources.filter(({ verdict }) => verdict.alarm).length;
  const unread = repositories.filter(({ error }) => error !== undefined).length;
  const missed = scenarios.filter(({ verdict }) => verdict.alarm).length;
  const damaged = repositories.reduce((sum, one) => sum + one.damaged, 0);
  const parts = [
    bad === 0 ? '' : `${bad} of ${count(sources.length, 'source')} ${bad === 1 ? 'needs' : 'need'} you`,
    missed === 0
      ? ''
      : `${missed} of ${count(scenarios.length, 'scenario')} ${missed === 1 ? 'misses' : 'miss'} the target`,
    unread === 0 ? '' : `${unread} of ${count(repositories.length, 'repository', 'repositories')} can not be read`,
    damaged === 0 ? '' : `${count(damaged, 'snapshot')} found damaged: \`surety check --repair\` heals what it can`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'Nothing is late, failed or too slow.' : `${parts.join('; ')}.`;
}

/** What a person and a script read of `surety copies`. */
import { spanName } from '../../base/durations.ts';
import type { CopiesReport, RepositorySeen, SourceCopies } from '../../operations/proven-copies.ts';
import { isOffSite, type Keeping } from '../../rules/keeping.ts';
import type { CopiesRule } from '../../rules/three-two-one.ts';
import { age, count, duration, state, table } from '../render.ts';
import { errorBelow } from './error.ts';

export function copiesText(report: CopiesReport, colors: boolean): string {
  const { sources, repositories, now, from } = report;
  if (sources.length === 0) return 'the configuration has no source\n';
  const parts = [
    table(
      SOURCE_COLUMNS,
      sources.map((one) => sourceRow(one, colors)),
    ),
    sources.map((one) => reasonLines(one, colors)).join(''),
    table(
      COPY_COLUMNS,
      sources.flatMap((one) => copyRows(one, now)),
    ),
    table(
      REPOSITORY_COLUMNS,
      repositories.map((one) => repositoryRow(one, now)),
    ) + repositories.map(({ error }) => (error === undefined ? '' : errorBelow(error, '  '))).join(''),
    `${from === 'catalog' ? REMEMBERED : ''}${summaryOf(report)}\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

const REMEMBERED = 'This is what this machine remembers of the repositories; --check asks them.\n';

const SOURCE_COLUMNS = [
  { title: 'Source' },
  { title: 'Importance' },
  { title: 'Copies', align: 'right' as const },
  { title: 'Media', align: 'right' as const },
  { title: 'Off-site', align: 'right' as const },
  { title: 'Administrators', align: 'right' as const },
  { title: 'Wanted' },
  { title: 'State' },
];

function sourceRow({ name, importance, rule, verdict }: SourceCopies, colors: boolean): string[] {
  const { copies, media, offSite, administrators, kept } = verdict;
  const word = kept === undefined ? '-' : kept ? state('ok', colors) : painted('broken', colors);
  return [name, importance, ...[copies, media, offSite, administrators].map(String), wantedText(rule), word];
}

/** `3-2-1`, what a person calls it, with what else is wanted. */
function wantedText(rule: CopiesRule | undefined): string {
  if (rule === undefined) return '-';
  const { copies, media, offSite, maxAgeMs, verifiedWithinMs, administrators } = rule;
  const more = [
    ...(maxAgeMs === undefined ? [] : [`at most ${spanName(maxAgeMs)} old`]),
    ...(verifiedWithinMs === undefined ? [] : [`proven within ${spanName(verifiedWithinMs)}`]),
    ...(administrators === undefined ? [] : [count(administrators, 'administrator')]),
  ];
  return [`${copies}-${media}-${offSite}`, ...more].join(', ');
}

function painted(word: string, colors: boolean): string {
  return colors ? state('failed', true).replace('failed', word) : word;
}

function reasonLines({ name, verdict }: SourceCopies, colors: boolean): string {
  const lines = verdict.reasons.map(({ code, alarm, text }) => {
    const head = alarm ? painted(code.replaceAll('-', ' '), colors) : 'note';
    return `${head}  ${name}: ${text.replaceAll(/\s+/g, ' ')}\n`;
  });
  return lines.join('');
}

const COPY_COLUMNS = [
  { title: 'Source' },
  { title: 'Copy' },
  { title: 'Backups', align: 'right' as const },
  { title: 'Newest good', align: 'right' as const },
  { title: 'Proven' },
  { title: 'Counts' },
  { title: 'Off-site' },
];

function copyRows({ name, original, copies, verdict }: SourceCopies, now: Date): string[][] {
  const yes = (is: boolean) => (is ? 'yes' : 'no');
  const rows = copies.map((copy) => [
    name,
    copy.repository,
    copy.backups.toLocaleString('en-US'),
    copy.newest === undefined ? '-' : elapsed(copy.newest, now),
    copy.proof === undefined ? '-' : `${copy.proof.how} ${age(copy.proof.at, now)}`,
    yes(verdict.counted.includes(copy.repository)),
    yes(isOffSite(copy, original)),
  ]);
  return [[name, 'the original', '', '', '', yes(original.isThere), ''], ...rows];
}

function elapsed(time: Date, now: Date): string {
  const ms = now.getTime() - time.getTime();
  return ms < 0 ? age(time, now) : duration(ms);
}

const REPOSITORY_COLUMNS = [
  { title: 'Repository' },
  { title: 'Medium' },
  { title: 'Place' },
  { title: 'Administrator' },
  { title: 'As of' },
];

function repositoryRow(one: RepositorySeen, now: Date): string[] {
  const asOf = one.asOf === undefined ? 'never seen here' : age(one.asOf, now);
  return [one.repository, one.medium.shown, placeText(one), administratorText(one), asOf];
}

const PLACES = {
  here: 'here',
  network: 'in this network',
  elsewhere: 'elsewhere',
  unknown: 'can not be told',
} as const;

function placeText({ place }: Keeping): string {
  return place.site === undefined ? PLACES[place.kind] : `${PLACES[place.kind]} (said: ${place.site})`;
}

function administratorText({ administrator }: Keeping): string {
  const { name, shown } = administrator;
  return name === undefined ? shown : `${shown} (said: ${name})`;
}

function summaryOf({ sources }: CopiesReport): string {
  return copiesSummary(sources) ?? 'No rule is set: `copies` in the configuration says how many there should be.';
}

/** One sentence for an overview; undefined where no rule is set. */
export function copiesSummary(sources: readonly Pick<SourceCopies, 'name' | 'verdict'>[]): string | undefined {
  const judged = sources.filter(({ verdict }) => verdict.kept !== undefined);
  const broken = judged.filter(({ verdict }) => verdict.kept === false);
  if (judged.length === 0) return undefined;
  if (broken.length === 0) return `${count(judged.length, 'source')}: every copy that should be there is there.`;
  const verb = broken.length === 1 ? 'has' : 'have';
  return `${broken.length} of ${count(judged.length, 'source')} ${verb} too few copies.`;
}

/** Without what only tells credentials apart. */
export function copiesDocument(report: CopiesReport): object {
  const shownKeeping = ({ place, medium, administrator }: Keeping) => ({
    place,
    medium,
    administrator: { name: administrator.name, shown: administrator.shown },
  });
  return {
    verb: 'copies',
    ...report,
    sources: report.sources.map((source) => ({
      ...source,
      original: { ...source.original, ...shownKeeping(source.original) },
      copies: source.copies.map((copy) => ({
        ...{ ...copy, ...shownKeeping(copy) },
        counts: source.verdict.counted.includes(copy.repository),
        isOffSite: isOffSite(copy, source.original),
      })),
    })),
    repositories: report.repositories.map((one) => ({ ...one, ...shownKeeping(one) })),
  };
}

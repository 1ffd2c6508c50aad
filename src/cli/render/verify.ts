/** What a person reads after `surety verify`. */
import { shortId } from '../../base/short-id.ts';
import type { RepositoryVerified, VerifyOutcome } from '../../operations/verify.ts';
import { count, duration, firstOf, localTime, saidOf, shownPath, size, state, storedFile, table } from '../render.ts';
import { errorBelow } from './error.ts';

type Problem = NonNullable<RepositoryVerified['report']>['problems'][number];

export function verifyText({ repositories, depth, bad }: VerifyOutcome, colors: boolean): string {
  const parts = repositories.map((one) => repositoryText(one, depth, colors));
  const problems = repositories.flatMap((one) => one.report?.problems ?? []);
  const isLost = problems.some(({ code }) => code === 'snapshot.missing');
  const isArchive = problems.some(({ code }) => isOfArchive(code));
  const isDamaged = problems.some(({ code }) => code !== 'snapshot.missing' && !isOfArchive(code));
  const looked = repositories.some((one) => one.report !== undefined);
  const next =
    depth === 'structure' && looked && problems.length === 0
      ? 'Stored bytes were not re-read: `surety verify --read-data` does that.\n'
      : '';
  return (
    parts.join('') + badText(bad) + (isLost ? LOST : '') + (isArchive ? ARCHIVE : '') + (isDamaged ? DAMAGE : next)
  );
}

/** Whole ids: they are to be copied. */
function badText(bad: readonly string[]): string {
  if (bad.length === 0) return '';
  return `${count(bad.length, 'bad snapshot')}:\n${bad.map((id) => `  ${id}\n`).join('')}`;
}

const LOST =
  'Next: put the missing snapshot files back from a copy of the repository; their content is there until it is pruned.\n' +
  'If another machine, or a program such as restic, removed them on purpose: `surety catalog rebuild` accepts what is there.\n';

/** Each archive stands by itself: there is nothing to be mended around it. */
function isOfArchive(code: string): boolean {
  return code.startsWith('archive.') || code.startsWith('metadata.');
}

const ARCHIVE =
  'Next: `surety check --repair` puts back what another repository has the same. If nothing is left that has it:\n' +
  'take the bad archives away with `surety forget` and back up again.\n';

const DAMAGE =
  'Next: restore what you need at once, from here or from another repository. `surety check --repair` heals this one from the others\n' +
  'and from the sources (--dry-run: what it could).\n';

function repositoryText(one: RepositoryVerified, depth: VerifyOutcome['depth'], colors: boolean): string {
  const head = `${state(one.outcome, colors)}  ${one.repository} (${one.location})`;
  if (one.report === undefined) return `${head}\n${one.error === undefined ? '' : errorBelow(one.error, '    ')}`;
  const { snapshots, problems, notes } = one.report;
  const found = problems.length === 0 ? 'no problems' : count(problems.length, 'problem');
  const line = `${head}: ${count(snapshots, 'snapshot')}${lookedAt(one.kind, one.report, depth)}, ${found}, ${duration(one.durationMs)}\n`;
  const named = problems.map(problemText);
  return (
    line +
    warningsText(one) +
    resultsText(one, colors) +
    firstOf(named, problems.length, '    ') +
    firstOf(
      notes.map((note) => `note: ${note}`),
      notes.length,
      '    ',
    )
  );
}

type Looked = Pick<NonNullable<RepositoryVerified['report']>, 'snapshots' | 'packs' | 'packsRead' | 'readBytes'>;

/** What was looked at of what is stored, and how much of it was read. borg tells what it read only: single archives, or all by its chunks. */
function lookedAt(
  kind: string,
  { snapshots, packs, packsRead, readBytes }: Looked,
  depth: VerifyOutcome['depth'],
): string {
  const isBorg = kind === 'borg';
  const read = isBorg ? (packs === snapshots ? 'archive' : 'chunk') : storedFile(kind);
  const there = isBorg ? '' : `, ${count(packs, storedFile(kind))}`;
  // On another host, nobody tells how much that was.
  const amount = isBorg && readBytes === 0 ? '' : ` (${size(readBytes)})`;
  return depth === 'data' ? `${there}, ${count(packsRead, read)} read${amount}` : there;
}

function warningsText({ warnings }: RepositoryVerified): string {
  return warnings.map(({ path, message }) => `    ${saidOf(path, message)}\n`).join('');
}

/** Each snapshot that was asked for. */
function resultsText({ results = [], snapshots }: RepositoryVerified, colors: boolean): string {
  if (snapshots === undefined || results.length === 0) return '';
  const rows = results.map(({ id, time, source, ok, message }) => [
    state(ok ? 'ok' : 'failed', colors),
    shortId(id),
    time === undefined ? '-' : localTime(time),
    source,
    message,
  ]);
  return table([{ title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }], rows, '    ');
}

function problemText({ code, key, message, affects }: Problem): string {
  const shown = affects.slice(0, 3).map(({ snapshot, path }) => `${shortId(snapshot)}:${shownPath(path)}`);
  const more = affects.length > 3 ? ', …' : '';
  const cost = shown.length === 0 ? '' : `; can not be restored whole: ${shown.join(', ')}${more}`;
  const what = message.includes(key) ? code : `${code} ${key}`;
  return `${what}: ${message}${cost}`;
}

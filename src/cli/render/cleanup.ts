/** What a person reads after `surety cleanup`: every decision with its reasons. */
import { shortId } from '../../base/short-id.ts';
import type { CleanupReport, RepositoryCleaned } from '../../operations/cleanup.ts';
import type { DecidedFailure } from '../../operations/failure-records.ts';
import type { DecidedSnapshot } from '../../operations/keep-decision.ts';
import {
  age,
  count,
  duration,
  firstOf,
  localTime,
  saidOf,
  shownPath,
  size,
  state,
  storedFile,
  table,
} from '../render.ts';
import { errorBelow } from './error.ts';
import { reasonLines } from './reasons.ts';

interface CleanupTextHow {
  readonly now: Date;
  readonly colors: boolean;
}

export function cleanupText({ repositories, dryRun }: CleanupReport, how: CleanupTextHow): string {
  return repositories.map((one) => repositoryText(one, dryRun, how)).join('\n');
}

function repositoryText(one: RepositoryCleaned, dryRun: boolean, how: CleanupTextHow): string {
  const head = `${state(one.outcome, how.colors)}  ${one.repository} (${one.location}), ${duration(one.durationMs)}\n`;
  return (
    head +
    decisionText(one, dryRun, how) +
    pruneText(one, dryRun) +
    afterwardsText(one) +
    warningsText(one) +
    errorText(one)
  );
}

function decisionText(
  { decision, removed, removedFailures }: RepositoryCleaned,
  dryRun: boolean,
  how: CleanupTextHow,
): string {
  if (decision === undefined) return '';
  const { keep, remove, failures, incomplete } = decision;
  const going = dryRun || removed.length === 0 ? 'would remove' : 'removed';
  const records = dryRun || removedFailures.length === 0 ? 'would remove' : 'removed';
  const rows = [
    ...remove.flatMap((one) => decidedRows(going, one, how.now)),
    ...keep.flatMap((one) => decidedRows('keep', one, how.now)),
    ...failures.map((one) => failureRow(one.kept ? 'keep' : records, one, how.now)),
    ...incomplete.map((file) => [
      'incomplete',
      shownPath(file),
      '',
      '',
      '',
      'belongs to no snapshot, counts for nothing',
    ]),
  ];
  const columns = [{ title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }];
  const verb = dryRun || (removed.length === 0 && remove.length > 0) ? 'would be removed' : 'removed';
  const total = `  ${count(remove.length, 'snapshot')} ${verb}, ${keep.length.toLocaleString('en-US')} kept\n`;
  return table(columns, rows, '  ') + (decision.refused === undefined ? total : '');
}

function failureRow(verb: string, { failure, reasons }: DecidedFailure, now: Date): string[] {
  const { id, time, source } = failure;
  return [verb, shortId(id), localTime(time), age(time, now), source, reasons.join('; ')];
}

/** Reasons that do not fit into one line go on below. */
function decidedRows(verb: string, { snapshot, reasons }: DecidedSnapshot, now: Date): string[][] {
  const { id, time, source } = snapshot;
  const [first = '', ...more] = reasonLines(reasons);
  return [
    [verb, shortId(id), localTime(time), age(time, now), source, first],
    ...more.map((line) => ['', '', '', '', '', line]),
  ];
}

function pruneText({ kind, prune, decision, warnings, afterwards }: RepositoryCleaned, dryRun: boolean): string {
  if (prune === undefined) {
    const unknown = dryRun && warnings.length === 0 && (decision?.remove.length ?? 0) > 0;
    return unknown ? '  what that frees is known when the snapshots are gone\n' : '';
  }
  if (kind === 'borg') {
    if (dryRun) return '  what borg frees is known when it is done\n';
    return `  ${size(prune.freedBytes)} freed${prune.remainingBytes > 0 ? `, ${size(prune.remainingBytes)} remain` : ''}\n`;
  }
  // The files of a snapshot go with it.
  if (kind === 'mirror') return lockedText(prune, kind);
  const repacked = kind === 'archive' ? '' : `, ${prune.packsRepacked} repacked`;
  const removed = `${count(prune.packsRemoved, storedFile(kind))} ${dryRun ? 'would be removed' : 'removed'}${repacked}`;
  return (
    `  ${removed}: ${size(prune.freedBytes)} ${dryRun ? 'would be freed' : afterwards === undefined ? 'freed' : 'removed'}, ${size(prune.remainingBytes)} remain` +
    ` (${size(prune.remainingUnusedBytes)} of it unused)\n` +
    lockedText(prune, kind)
  );
}

function lockedText({ locked }: NonNullable<RepositoryCleaned['prune']>, kind: string): string {
  if (locked === undefined) return '';
  const until = locked.until === undefined ? '' : `, the last of them until ${localTime(locked.until)}`;
  return `  ${count(locked.files, storedFile(kind))} (${size(locked.sizeBytes)}) kept by object lock${until}\n`;
}

/** Freed bytes that are still there are not free. */
function afterwardsText({ afterwards }: RepositoryCleaned): string {
  if (afterwards === undefined) return '';
  const { versions, versionsForDays, softDeleteDays } = afterwards;
  const lines: string[] = [];
  if (versions) {
    const until =
      versionsForDays === undefined
        ? 'until something removes them: the bucket has no lifecycle rule that is known to do so'
        : `for ${count(versionsForDays, 'day')}, by a lifecycle rule of the bucket`;
    lines.push(`what was removed stays as older versions and takes room ${until}`);
  }
  if (softDeleteDays !== undefined) {
    lines.push(`what was removed can be brought back for ${count(softDeleteDays, 'day')} and takes room until then`);
  }
  return lines.map((line) => `  ${line}\n`).join('');
}

function warningsText({ warnings }: RepositoryCleaned): string {
  const lines = warnings.map(({ path, message }) => saidOf(path, message));
  return firstOf(lines, lines.length, '  ', lines.length);
}

function errorText({ error }: RepositoryCleaned): string {
  return error === undefined ? '' : errorBelow(error, '  ');
}

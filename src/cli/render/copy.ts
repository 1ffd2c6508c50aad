/** What a person reads after copies were made. */
import { shortId } from '../../base/short-id.ts';
import type { CopyMember, CopyReport } from '../../operations/copy.ts';
import { givenName } from '../../operations/given-name.ts';
import { count, duration, firstOf, localTime, saidOf, shownPath, size, state, table } from '../render.ts';
import type { CopyEnd } from '../run-copy.ts';
import { errorBelow } from './error.ts';

/** A line for each snapshot, its warnings or its error below it, and a summary. */
export function copyText(end: CopyEnd, colors: boolean): string {
  if ('error' in end) return `${state(end.outcome, colors)}  copies in ${end.to}\n${errorBelow(end.error, '    ')}`;
  const rows = end.members.map((member) => memberRow(member, end, colors));
  const lines = table(
    Array.from({ length: 7 }, () => ({ title: '' })),
    rows,
  ).split('\n');
  const members = end.members.map((member, at) => `${lines[at]}\n${below(member)}`);
  const odd = [
    ...end.unread.map((text) => `not looked at: ${text}`),
    ...(end.check?.report?.problems ?? []).map(({ code, message }) => `${code}: ${message}`),
    ...end.damaged.map((id) => `damaged, as the last verification found: ${shortId(id)} in ${end.to}`),
  ];
  return `${title(end)}${members.join('')}${firstOf(odd, odd.length, '  ')}${checkError(end)}${summary(end)}`;
}

function checkError({ check }: CopyReport): string {
  return check?.error === undefined ? '' : errorBelow(check.error, '  ');
}

function title({ to, location, job }: CopyReport): string {
  return `copies in ${to} (${location})${job === '' ? '' : ` of job ${job}`}\n`;
}

function memberRow(member: CopyMember, { to, dryRun }: CopyReport, colors: boolean): string[] {
  const { snapshot, from, copy, outcome } = member;
  const what = `${nameOf(snapshot)} of ${localTime(snapshot.time)}`;
  const way = `${from} → ${to}`;
  if (dryRun) return ['would copy', what, way, `snapshot ${shortId(snapshot.id)}`, size(snapshot.stats?.sizeBytes)];
  const head = [state(outcome, colors), what, way];
  if (copy === undefined) return [...head, `snapshot ${shortId(snapshot.id)}`];
  return [
    ...head,
    `snapshot ${shortId(copy.id)}`,
    size(snapshot.stats?.sizeBytes),
    `stored ${size(member.storedBytes)}${member.asStored ? '' : ', packed anew'}`,
    [duration(member.durationMs), readBack(member)].filter((part) => part !== '').join(', '),
  ];
}

/** What another program made has no source. */
function nameOf(snapshot: CopyMember['snapshot']): string {
  const { source, paths, program } = snapshot;
  if (source !== '') return source;
  return shownPath(givenName(snapshot) ?? (paths.join(' ') || `(${program || 'another program'})`));
}

function readBack({ verified, error, rereadBytes }: CopyMember): string {
  if (rereadBytes !== undefined) return `re-read ${size(rereadBytes)}`;
  if (verified?.report === undefined || error !== undefined) return '';
  return verified.report.readBytes > 0 ? `re-read ${size(verified.report.readBytes)}` : 'structure checked';
}

function below({ error, warnings, warningCount }: CopyMember): string {
  const failure = error === undefined ? '' : errorBelow(error, '    ');
  return (
    failure +
    firstOf(
      warnings.map(({ path, message }) => saidOf(path, message)),
      warningCount,
      '    ',
    )
  );
}

function summary(report: CopyReport): string {
  const { members, present, passedOver, dryRun, outcome } = report;
  const failed = members.filter((one) => one.error !== undefined).length;
  const were = present === 0 ? '' : `, ${present} there already`;
  const left =
    passedOver === 0
      ? ''
      : `, ${passedOver} that \`keep\` would not keep there (--all copies them too, except into a mirror, which has the newest only)`;
  const took = dryRun ? '' : ` (${duration(report.durationMs)})`;
  if (outcome === 'interrupted') return `Interrupted${took}. The next copy goes on from what was stored.\n`;
  const done = dryRun ? `${members.length} to copy` : `${count(members.length - failed, 'snapshot')} copied`;
  const next = failed === 0 ? '' : 'Next: correct what failed, then run the copy again.\n';
  return `${done}${failed === 0 ? '' : `, ${failed} failed`}${were}${left}${took}\n${next}`;
}

/** What a person reads after a backup. */
import { shortId } from '../base/short-id.ts';
import type { BackupReport, MemberReport } from '../operations/backup.ts';
import { count, duration, firstOf, saidOf, size, state, table } from './render.ts';
import { errorBelow } from './render-error.ts';

/** A line for each member, its warnings or its error below it, and a summary that says what to do next. */
export function backupText(report: BackupReport, colors: boolean): string {
  const rows = report.members.map((member) => memberRow(member, colors));
  const lines = table(
    Array.from({ length: 8 }, () => ({ title: '' })),
    rows,
  ).split('\n');
  const members = report.members.map((member, at) => `${lines[at]}\n${below(member)}`).join('');
  return `${title(report)}${members}${summary(report)}`;
}

function title({ job }: BackupReport): string {
  return job === '' ? '' : `job ${job}\n`;
}

function memberRow(member: MemberReport, colors: boolean): string[] {
  const { source, repository, snapshot, stats } = member;
  const head = [state(member.outcome, colors), `${source} → ${repository}`];
  if (snapshot === undefined || stats === undefined) return head;
  const files = stats.filesNew + stats.filesChanged + stats.filesUnmodified;
  return [
    ...head,
    `snapshot ${shortId(snapshot.id)}`,
    count(files, 'file'),
    size(stats.sizeBytes),
    changes(member),
    `added ${size(stats.addedBytes)}, stored ${size(stats.storedBytes)}`,
    duration(member.durationMs),
  ];
}

function changes({ stats }: MemberReport): string {
  if (stats === undefined) return '';
  if (stats.filesNew + stats.filesChanged === 0) return 'unchanged';
  const parts = [
    stats.filesNew > 0 ? `${stats.filesNew.toLocaleString('en-US')} new` : '',
    stats.filesChanged > 0 ? `${stats.filesChanged.toLocaleString('en-US')} changed` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function below({ error, warnings, warningCount }: MemberReport): string {
  const failure = error === undefined ? '' : errorBelow(error, '    ');
  const lines = warnings.map(({ path, message }) => saidOf(path, message));
  return failure + firstOf(lines, warningCount, '    ');
}

function summary(report: BackupReport): string {
  const failed = report.members.filter((member) => member.snapshot === undefined).length;
  const took = duration(report.durationMs);
  if (report.outcome === 'interrupted') {
    return `\nInterrupted (${took}). The next run goes on from what was stored; what was there before is untouched.\n`;
  }
  if (report.members.every((member) => member.snapshot === undefined)) {
    return `\nNothing was backed up (${took}). What is in the repositories is untouched.\n`;
  }
  if (failed > 0) {
    return (
      `\nRecovery point ${report.recoveryPoint} is not complete: ${failed} of ${report.members.length} failed (${took}).\n` +
      'Next: correct what failed, then run the backup again; what was stored is not stored twice.\n'
    );
  }
  const warned = report.members.some((member) => member.warningCount > 0);
  return (
    `\nRecovery point ${report.recoveryPoint} is complete${warned ? ', with warnings' : ''} (${took}).\n` +
    'Next: `surety verify` re-reads it, `surety restore latest --target DIR` gets it back.\n'
  );
}

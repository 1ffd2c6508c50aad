/** What a person reads after a backup. */
import { shortId } from '../../base/short-id.ts';
import { type BackupReport, isStored, type MemberReport } from '../../operations/backup.ts';
import type { HookReport } from '../../operations/hooks/hook-report.ts';
import { count, duration, firstOf, saidOf, size, state, table } from '../render.ts';
import { errorBelow } from './error.ts';
import { hooksText } from './hooks.ts';

/** A line for each member, its warnings or its error below it, and a summary that says what to do next. */
export function backupText(report: BackupReport, colors: boolean): string {
  const rows = report.members.map((member) => memberRow(member, colors));
  const lines = table(
    Array.from({ length: 8 }, () => ({ title: '' })),
    rows,
  ).split('\n');
  const members = report.members.map((member, at) => `${lines[at]}\n${below(member)}`);
  return `${title(report)}${members.join('')}${hooksText(worthTelling(report), colors)}${summary(report)}`;
}

/** Hooks that went well are no news, and what a hook ended is told of the members that it ended. */
function worthTelling({ hooks }: BackupReport): readonly HookReport[] {
  return hooks.filter(({ phase, outcome }) => outcome !== 'ok' && (phase === 'after' || outcome === 'warnings'));
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
    [duration(member.durationMs), downtime(member), verified(member)].filter((part) => part !== '').join(', '),
  ];
}

function downtime({ facts }: MemberReport): string {
  return facts?.downtimeMs === undefined ? '' : `stopped for ${duration(facts.downtimeMs)}`;
}

function verified({ verified: result, error }: MemberReport): string {
  if (result === undefined || error !== undefined) return '';
  return result.depth === 'data' ? `re-read ${size(result.report?.readBytes)}` : 'structure checked';
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
  const failed = report.members.filter((member) => !isStored(member)).length;
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
      'Next: correct what failed, then run the backup again.\n'
    );
  }
  const but = { ok: '', warnings: ', with warnings', failed: ', but a hook failed' }[report.outcome];
  return (
    `\nRecovery point ${report.recoveryPoint} is complete${but} (${took}).\n` +
    'Next: `surety verify --read-data` re-reads it, `surety restore latest --target DIR` gets it back.\n'
  );
}

/** What a person reads of `surety backup --dry-run`. */
import type { BackupPlan, PlannedHooks, PlannedMember, PlannedSource } from '../../operations/backup/plan-backup.ts';
import { age, count, size } from '../render.ts';
import { errorBelow } from './error.ts';

export function planText(plan: BackupPlan, now: Date): string {
  const { job, parallel, sources, hooks } = plan;
  const head = `${job === '' ? 'single sources' : `job ${job}`}, ${parallel === 1 ? 'one after another' : `up to ${parallel} at a time`}\n`;
  const parts = sources.map((source, at) => sourceText(source, at + 1, now));
  return `${head}${hookText('before', hooks, '')}${parts.join('')}${hookText('after', hooks, '')}`;
}

function sourceText({ source, kind, role, waitsFor, hooks, into }: PlannedSource, number: number, now: Date): string {
  const after = waitsFor.length === 0 ? '' : `, after ${waitsFor.join(', ')}`;
  const members = into.map((member) => memberText(member, now)).join('');
  const head = `${number}. ${source} (${kind}, ${role})${after}\n`;
  return `${head}${hookText('before', hooks, '   ')}${members}${hookText('after', hooks, '   ')}`;
}

function memberText({ repository, previous, changes, error }: PlannedMember, now: Date): string {
  if (error !== undefined) return `   → ${repository}: can not be backed up\n${errorBelow(error, '       ')}`;
  const since = previous === undefined ? 'the first time' : `last backed up ${age(previous.time, now)}`;
  return `   → ${repository}: ${since}${changes === undefined ? '' : `; ${changesText(changes)}`}\n`;
}

function changesText({ files, sizeBytes, filesNew, filesChanged, filesGone }: NonNullable<PlannedMember['changes']>) {
  const parts = [`${filesNew} new`, `${filesChanged} changed`, `${filesGone} gone`];
  const shown = parts.filter((part) => !part.startsWith('0 ')).join(', ');
  return `${count(files, 'file')}, ${size(sizeBytes)}: ${shown === '' ? 'as in that backup' : shown}`;
}

function hookText(phase: 'before' | 'after', hooks: PlannedHooks, indent: string): string {
  const programs = hooks[phase].map((program, at) => (program === '' ? `hook ${at + 1}` : program));
  return programs.length === 0 ? '' : `${indent}${phase}: ${programs.join(', ')}\n`;
}

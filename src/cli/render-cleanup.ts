/** What a person reads after `surety cleanup`: every decision with its reasons. */
import { shortId } from '../base/short-id.ts';
import type { CleanupReport, RepositoryCleaned } from '../operations/cleanup.ts';
import type { DecidedSnapshot } from '../operations/keep-decision.ts';
import { age, count, duration, firstOf, localTime, saidOf, size, state, table } from './render.ts';
import { errorBelow } from './render-error.ts';

interface CleanupTextHow {
  readonly now: Date;
  readonly colors: boolean;
}

export function cleanupText({ repositories, dryRun }: CleanupReport, how: CleanupTextHow): string {
  return repositories.map((one) => repositoryText(one, dryRun, how)).join('\n');
}

function repositoryText(one: RepositoryCleaned, dryRun: boolean, how: CleanupTextHow): string {
  const head = `${state(one.outcome, how.colors)}  ${one.repository} (${one.location}), ${duration(one.durationMs)}\n`;
  return head + decisionText(one, dryRun, how) + pruneText(one, dryRun) + warningsText(one) + errorText(one);
}

function decisionText({ decision, removed }: RepositoryCleaned, dryRun: boolean, { now }: CleanupTextHow): string {
  if (decision === undefined || decision.refused !== undefined) return '';
  const rows = [
    ...decision.remove.map((one) => decidedRow(dryRun || removed.length === 0 ? 'would remove' : 'removed', one, now)),
    ...decision.keep.map((one) => decidedRow('keep', one, now)),
  ];
  const columns = [{ title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }];
  const verb = dryRun ? 'would be removed' : 'removed';
  const total = `  ${count(decision.remove.length, 'snapshot')} ${verb}, ${decision.keep.length.toLocaleString('en-US')} kept\n`;
  return table(columns, rows, '  ') + total;
}

function decidedRow(verb: string, { snapshot, reasons }: DecidedSnapshot, now: Date): string[] {
  const { id, time, source } = snapshot;
  return [verb, shortId(id), localTime(time), age(time, now), source, reasons.join('; ')];
}

function pruneText({ prune, decision, warnings }: RepositoryCleaned, dryRun: boolean): string {
  if (prune === undefined) {
    const unknown = dryRun && warnings.length === 0 && (decision?.remove.length ?? 0) > 0;
    return unknown ? '  what that frees is known when the snapshots are gone\n' : '';
  }
  const packs = `${count(prune.packsRemoved, 'pack')} ${dryRun ? 'would be removed' : 'removed'}, ${prune.packsRepacked} repacked`;
  return (
    `  ${packs}: ${size(prune.freedBytes)} ${dryRun ? 'would be freed' : 'freed'}, ${size(prune.remainingBytes)} remain` +
    ` (${size(prune.remainingUnusedBytes)} of it unused)\n`
  );
}

function warningsText({ warnings }: RepositoryCleaned): string {
  const lines = warnings.map(({ path, message }) => saidOf(path, message));
  return firstOf(lines, lines.length, '  ', lines.length);
}

function errorText({ error }: RepositoryCleaned): string {
  return error === undefined ? '' : errorBelow(error, '  ');
}

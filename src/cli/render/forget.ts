/** What a person reads before and after `surety forget`. */
import { shortId } from '../../base/short-id.ts';
import type { ForgetReport, RepositoryForgotten } from '../../operations/forget.ts';
import type { Going } from '../../operations/meant-snapshots.ts';
import { age, count, localTime, saidOf, size, state, table } from '../render.ts';
import { errorBelow } from './error.ts';

interface ForgetTextHow {
  readonly now: Date;
  readonly colors: boolean;
}

export function forgetText({ repositories, dryRun }: ForgetReport, how: ForgetTextHow): string {
  return repositories.map((one) => repositoryText(one, dryRun, how)).join('');
}

function repositoryText(one: RepositoryForgotten, dryRun: boolean, { now, colors }: ForgetTextHow): string {
  const { going, removed, prune, warnings, error } = one;
  const verb = dryRun ? 'would remove' : removed.length === 0 ? 'not removed' : 'removed';
  const freed = prune === undefined ? '' : `  ${size(prune.freedBytes)} freed\n`;
  return (
    `${state(one.outcome, colors)}  ${one.repository} (${one.location})\n` +
    goingTable(going, verb, now) +
    freed +
    warnings.map(({ path, message }) => `  ${saidOf(path, message)}\n`).join('') +
    (error === undefined ? '' : errorBelow(error, '  '))
  );
}

/** What is asked about: everything that would go. */
export function questionText({ repositories }: ForgetReport, now: Date): string {
  const parts = repositories.map(
    (one) => `From ${one.repository} (${one.location}):\n${goingTable(one.going, 'remove', now)}`,
  );
  const total = repositories.reduce((sum, { going }) => sum + going.length, 0);
  return `${parts.join('')}${count(total, 'backup')} will be removed for good.\n`;
}

function goingTable(going: readonly Going[], verb: string, now: Date): string {
  const rows = going.map(({ id, time, source, what }) => [
    verb,
    shortId(id),
    time === undefined ? '-' : localTime(time),
    time === undefined ? '-' : age(time, now),
    source,
    { snapshot: '', unreadable: 'can not be read', failure: 'record of a failed backup' }[what],
  ]);
  return table([{ title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }, { title: '' }], rows, '  ');
}

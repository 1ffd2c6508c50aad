/** What a person reads after repositories were healed. */
import { shortId } from '../../base/short-id.ts';
import type { HealOutcome, RepositoryHealed } from '../../operations/heal.ts';
import { count, duration, firstOf, saidOf, shownPath, size, state } from '../render.ts';
import { errorBelow } from './error.ts';

type Healing = NonNullable<RepositoryHealed['healed']>;

export function healText({ repositories, dryRun, readData, outcome }: HealOutcome, colors: boolean): string {
  const parts = repositories.map((one) => repositoryText(one, dryRun, colors));
  const unread = readData ? '' : UNREAD;
  const next = outcome === 'failed' && repositories.some(isLost) ? LOST : unread;
  return parts.join('') + (dryRun ? 'Nothing was changed.\n' : '') + next;
}

const UNREAD =
  'Only what was known to be damaged was re-read: `surety check --repair --read-data` looks at every stored byte.\n';

const LOST =
  'Next: what is lost here may be on a disk that is not there now: bring it back and repair again. `surety backup --read-all` stores\n' +
  'again what the sources still have; `surety restore` still brings back all the rest, and `surety forget` gives up what is not whole.\n';

function isLost({ healed }: RepositoryHealed): boolean {
  return healed !== undefined && healed.lost.blobs + healed.lost.files.length > 0;
}

function repositoryText(one: RepositoryHealed, dryRun: boolean, colors: boolean): string {
  const head = `${state(one.outcome, colors)}  ${one.repository} (${one.location})`;
  const warnings = one.warnings.map(({ path, message }) => `    ${saidOf(path, message)}\n`).join('');
  if (one.before === undefined)
    return `${head}\n${warnings}${one.error === undefined ? '' : errorBelow(one.error, '    ')}`;
  const { problems } = one.before;
  if (problems.length === 0) return `${head}: nothing is damaged, ${duration(one.durationMs)}\n${warnings}`;
  const ending = endingOf(one, dryRun);
  const named = problems.map(({ code, key, message }) =>
    message.includes(key) ? message : `${code} ${key}: ${message}`,
  );
  return (
    `${head}: ${count(problems.length, 'problem')}, ${ending}, ${duration(one.durationMs)}\n` +
    firstOf(named, problems.length, '    ') +
    warnings +
    healedLines(one.healed, dryRun) +
    replacedLines(one.replaced, dryRun)
  );
}

function endingOf({ outcome, after }: RepositoryHealed, dryRun: boolean): string {
  if (dryRun) return outcome === 'failed' ? 'not all of it can be healed' : 'all of it can be healed';
  const left = after?.problems.length ?? 0;
  return left === 0 ? 'all is whole again' : `${left} left`;
}

function healedLines(healed: Healing | undefined, dryRun: boolean): string {
  if (healed === undefined) return '';
  const lines = healed.healed.map(({ from, files, blobs, sizeBytes }) => {
    const what = [
      ...(files === 0 ? [] : [count(files, 'file')]),
      ...(blobs === 0 ? [] : [`${count(blobs, 'piece')} of content`]),
    ];
    return `${dryRun ? 'can be healed' : 'healed'} from ${from}: ${what.join(', ')} (${size(sizeBytes)})`;
  });
  const { blobs, files, affects } = healed.lost;
  if (blobs > 0) lines.push(`lost: ${count(blobs, 'piece')} of content${costText(affects)}`);
  for (const { key, hint } of files) lines.push(`lost: ${key}; ${hint}`);
  return lines.map((line) => `    ${line}\n`).join('');
}

function replacedLines(replaced: RepositoryHealed['replaced'], dryRun: boolean): string {
  const lines = replaced.map(({ snapshot, by, from }) => {
    const what = `snapshot ${shortId(snapshot)}`;
    if (dryRun) return `${what} can be copied anew from repository ${from}`;
    if (by === snapshot) return `${what} is whole again: what it lacked was in repository ${from}`;
    return `${what} was copied anew from repository ${from}: it is ${shortId(by)} now`;
  });
  return lines.map((line) => `    ${line}\n`).join('');
}

function costText(affects: Healing['lost']['affects']): string {
  const shown = affects.slice(0, 3).map(({ snapshot, path }) => `${shortId(snapshot)}:${shownPath(path)}`);
  const more = affects.length > 3 ? ', …' : '';
  return shown.length === 0 ? '' : `; can not be restored whole: ${shown.join(', ')}${more}`;
}

/** Chooses which dumps of a folder are taken. */
import { formatElapsed } from '../../base/durations.ts';
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { ReadHow } from '../source.ts';
import { ageOf, tooYoung } from './being-written.ts';
import type { Candidate } from './candidate.ts';
import type { DumpFolder } from './dump-folder.ts';
import { type ChosenDump, type DumpFilesFacts, isKnown } from './facts.ts';

interface Refused {
  readonly name: string;
  readonly problem: string;
}

/**
 * The newest complete dump, or all of them, newest first. What is not complete is warned about. Throws `source.missing`,
 * `source.unreadable`, `source.incomplete` and `source.stale`.
 */
export async function chooseDumps(dumps: DumpFolder, how: ReadHow): Promise<ChosenDump[]> {
  const chosen: ChosenDump[] = [];
  const refused: Refused[] = [];
  for (const candidate of await dumps.view.find(how.signal)) {
    how.signal.throwIfAborted();
    const judged = await judge(dumps, candidate, how);
    if ('problem' in judged) refused.push(judged);
    else chosen.push(judged);
    if (dumps.options.keep === 'newest' && chosen.length > 0) break;
  }
  const [newest] = chosen;
  if (newest === undefined) throw noneComplete(dumps, refused);
  for (const { name, problem } of refused) {
    how.warn({ code: 'entry.incomplete', path: name, message: `${displayName(name)} is left out: it ${problem}` });
  }
  checkAge(dumps, newest, how);
  return chosen;
}

async function judge(dumps: DumpFolder, candidate: Candidate, how: ReadHow): Promise<ChosenDump | Refused> {
  const { name, stats } = candidate;
  const { options, view } = dumps;
  const { signal } = how;
  const ageMs = ageOf(candidate, view.now());
  const chosen = { ...candidate, ageMs };
  if (stats.size === 0n) return { name, problem: 'is empty' };
  const written = tooYoung(ageMs, options.minAgeMs) ?? (await view.beingWritten(candidate, signal));
  if (written !== undefined) return { name, problem: written };
  if (options.complete === 'none') return { ...chosen, versions: {}, unchecked: undefined };
  const known = isKnown(how.previous as Partial<DumpFilesFacts> | undefined, candidate);
  if (known !== undefined) return { ...chosen, ...known };
  const { problem, unchecked, versions } = await view.completeness(candidate, how);
  if (problem !== undefined) return { name, problem };
  if (!(await view.isSame(candidate, signal))) return { name, problem: 'changed while it was looked at' };
  return { ...chosen, versions, unchecked };
}

const SHOWN = 3;

function noneComplete({ name, place }: DumpFolder, refused: readonly Refused[]): SuretyError {
  const shown = refused.slice(0, SHOWN).map((one) => `${displayName(one.name)} ${one.problem}`);
  const more = refused.length > SHOWN ? `; ${refused.length - SHOWN} more` : '';
  const message = `no dump in folder ${place} of source ${name} is complete: ${shown.join('; ')}${more}`;
  const mayBecomeWhole = refused.some(({ problem }) => problem.includes('written'));
  const hint =
    'check that the other system makes its dumps without errors; to take files as they are, set complete: none';
  return new SuretyError('source.incomplete', message, {
    hint: mayBecomeWhole ? 'try again when it is finished; min_age says how old a dump has to be (60s)' : hint,
    retry: mayBecomeWhole ? 'later' : 'never',
    details: { source: name, path: place },
  });
}

function checkAge({ name, place, options }: DumpFolder, newest: ChosenDump, { warn }: ReadHow): void {
  if (options.maxAgeMs === undefined || newest.ageMs <= options.maxAgeMs) return;
  const ages = `is ${formatElapsed(newest.ageMs)} old, and may be ${formatElapsed(options.maxAgeMs)}`;
  const message = `the newest complete dump of source ${name}, ${displayName(newest.name)}, ${ages}`;
  if (options.stale === 'warn') {
    warn({ code: 'entry.stale', path: newest.name, message });
    return;
  }
  throw new SuretyError('source.stale', message, {
    hint: 'check why the other system makes no dumps any more; where they are made less often, set max_age',
    details: { source: name, path: place, ageMs: Math.round(newest.ageMs), maxAgeMs: options.maxAgeMs },
  });
}

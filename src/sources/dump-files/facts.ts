/** What is remembered about dumps of another system. */
import { formatElapsed } from '../../base/durations.ts';
import { displayName } from '../../base/names.ts';
import type { SourceFacts } from '../source.ts';
import type { Candidate } from './candidate.ts';
import type { Completeness } from './completeness.ts';

export interface ChosenDump extends Candidate {
  readonly ageMs: number;
  readonly versions: Completeness['versions'];
  readonly unchecked: string | undefined;
}

export interface DumpFilesFacts extends SourceFacts {
  /** The newest first. */
  readonly dumps: readonly DumpFact[];
}

export interface DumpFact {
  /** Relative to the folder. */
  readonly name: string;
  readonly sizeBytes: number;
  /** When it was made: nanoseconds since 1970, as digits. */
  readonly mtimeNs: string;
  /** How old it was when it was read. */
  readonly ageMs: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Set when it was read to its end and found whole, as far as its kind tells that. */
  readonly looked?: true;
  readonly unchecked?: string;
}

export function dumpFilesFacts(
  { files, sizeBytes }: SourceFacts,
  chosen: readonly ChosenDump[],
  complete: 'trailer' | 'none',
): DumpFilesFacts {
  const looked = complete === 'none' ? {} : { looked: true as const };
  const dumps = chosen.map(({ name, stats, ageMs, versions, unchecked }) => ({
    ...{ name, sizeBytes: Number(stats.size), mtimeNs: String(stats.mtimeNs), ageMs: Math.round(ageMs), versions },
    ...looked,
    ...(unchecked === undefined ? {} : { unchecked }),
  }));
  return { kind: 'dump-files', versions: chosen[0]?.versions ?? {}, files, sizeBytes, notes: notesOn(chosen), dumps };
}

const NOTES = 3;

function notesOn(chosen: readonly ChosenDump[]): string[] {
  const newest = chosen.slice(0, 1).map(({ name, ageMs }) => {
    return `the newest complete dump, ${displayName(name)}, was ${formatElapsed(ageMs)} old`;
  });
  const unchecked = chosen.flatMap(({ name, unchecked }) => {
    return unchecked === undefined ? [] : [`${displayName(name)} ${unchecked}`];
  });
  return [...newest, ...unchecked.slice(0, NOTES)];
}

/** What was found out about the same file before: there is no need to read it again. */
export function isKnown(
  previous: Partial<DumpFilesFacts> | undefined,
  { name, stats }: Candidate,
): Pick<ChosenDump, 'versions' | 'unchecked'> | undefined {
  const known = previous?.dumps?.find((dump) => dump.name === name);
  if (known?.looked !== true) return undefined;
  const isSame = known.sizeBytes === Number(stats.size) && known.mtimeNs === String(stats.mtimeNs);
  return isSame ? { versions: known.versions, unchecked: known.unchecked } : undefined;
}

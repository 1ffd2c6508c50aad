/** Compares what is in a database besides tables. */
import type { ObjectFingerprint } from './source.ts';

export interface ObjectComparison {
  readonly differences: readonly string[];
  /** Differences that a restore can not avoid and that take nothing away. */
  readonly notes: readonly string[];
}

/**
 * What was recorded has to be there. More may be there: what a dump leaves out on purpose can come along with what it has, and a server
 * has roles of its own.
 *
 * The value of a sequence can be a range, `5..9`: it gave out numbers while the dump was made, and the dump has one of these. An
 * extension comes back in the version that is installed, which is a note.
 */
export function compareObjects(
  recorded: readonly ObjectFingerprint[],
  found: readonly ObjectFingerprint[],
): ObjectComparison {
  const present = new Map(found.map((object) => [keyOf(object), object]));
  const differences: string[] = [];
  const notes: string[] = [];
  for (const object of recorded) {
    const { kind, name, value } = object;
    const now = present.get(keyOf(object));
    const what = `${kind} ${name}`;
    if (now === undefined) differences.push(`${what} is missing`);
    else if (kind === 'sequence' && !isWithin(now.value, value))
      differences.push(`${what} is at ${now.value} instead of ${value}`);
    else if (kind === 'extension' && now.value !== value)
      notes.push(`${what} has version ${now.value}; it was ${value} when it was backed up`);
    else if (kind !== 'sequence' && now.value !== value)
      differences.push(`${what} is ${now.value} instead of ${value}`);
  }
  return { differences, notes };
}

function keyOf({ kind, name }: ObjectFingerprint): string {
  return `${kind} ${name}`;
}

const RANGE = /^(-?\d+\??)\.\.(-?\d+\??)$/;

function isWithin(value: string, recorded: string): boolean {
  if (value === recorded) return true;
  const [, low, high] = RANGE.exec(recorded) ?? [];
  const place = placeOf(value);
  const [from, to] = [placeOf(low), placeOf(high)];
  return place !== undefined && from !== undefined && to !== undefined && from <= place && place <= to;
}

/** `5?` comes right before `5`: the number is set, but not given out yet. */
function placeOf(value: string | undefined): bigint | undefined {
  const [, number, unused] = /^(-?\d+)(\?)?$/.exec(value ?? '') ?? [];
  return number === undefined ? undefined : BigInt(number) * 2n + (unused === undefined ? 1n : 0n);
}

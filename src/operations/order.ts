/** The order in which the sources of a run are read. */
import { SuretyError } from '../base/errors.ts';

export interface Ordered {
  readonly name: string;
  readonly kind: string;
  /** Names of sources that are read before this one; those that are not part of the run count for nothing. */
  readonly after: readonly string[];
}

/**
 * Databases come first, then the blobs they point at, then everything else: a row written between the two reads
 * then points at a blob that is not needed, never the other way round.
 */
const RANKS: readonly (readonly string[])[] = [['postgres', 'mysql', 'sqlite', 'command'], ['blobs']];

/** The given sources by `after` first, then by kind, then as given. Throws `config.cycle` when `after` goes in a circle. */
export function orderSources<Source extends Ordered>(sources: readonly Source[]): Source[] {
  const waiting = sources.toSorted((left, right) => rank(left.kind) - rank(right.kind));
  const ordered: Source[] = [];
  while (waiting.length > 0) {
    const at = waiting.findIndex(
      (source) => !waiting.some((other) => other !== source && source.after.includes(other.name)),
    );
    if (at < 0) throw cycle(waiting);
    ordered.push(...waiting.splice(at, 1));
  }
  return ordered;
}

function rank(kind: string): number {
  const found = RANKS.findIndex((kinds) => kinds.includes(kind));
  return found < 0 ? RANKS.length : found;
}

function cycle(waiting: readonly Ordered[]): SuretyError {
  const names = waiting.map((source) => source.name).join(', ');
  return new SuretyError('config.cycle', `the sources ${names} wait for each other`, {
    hint: 'remove one of their `after` entries',
  });
}

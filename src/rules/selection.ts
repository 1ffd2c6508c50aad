/** Picks one snapshot from a list by the beginning of its id. */
import { SuretyError } from '../base/errors.ts';
import { listed, nearest } from '../base/nearest.ts';

export interface Selectable {
  readonly id: string;
  readonly time: Date;
}

const SHOWN_ID = 8;

/** The snapshot whose id starts with `prefix`. Throws `snapshot.unknown` (the hint names the nearest) or `snapshot.ambiguous`. */
export function selectById<Point extends Selectable>(points: readonly Point[], prefix: string): Point {
  const wanted = prefix.trim().toLowerCase();
  const matches = wanted === '' ? [] : points.filter((point) => point.id.toLowerCase().startsWith(wanted));
  const exact = matches.find((point) => point.id.toLowerCase() === wanted);
  const [first, ...others] = matches;
  if (exact !== undefined) return exact;
  if (first === undefined) throw unknownId(points, wanted);
  if (others.length === 0) return first;
  throw new SuretyError('snapshot.ambiguous', `${matches.length} snapshots have an id that starts with ${wanted}`, {
    hint: `type more of it: ${listed(
      matches.slice(0, 5).map(({ id }) => (isHash(id) ? id.slice(0, SHOWN_ID + 4) : id)),
      'or',
    )}`,
  });
}

function unknownId(points: readonly Selectable[], wanted: string): SuretyError {
  const near = nearest(wanted, ['latest']).length > 0 ? ['latest'] : nearestIds(points, wanted).map(shown);
  const hint = near.length > 0 ? `did you mean ${listed(near, 'or')}` : 'see surety list for the ids there are';
  return new SuretyError('snapshot.unknown', `there is no snapshot whose id starts with "${wanted}"`, { hint });
}

function nearestIds(points: readonly Selectable[], wanted: string): Selectable[] {
  const length = Math.max(wanted.length, 4);
  const byPrefix = new Map(points.map((point) => [point.id.slice(0, length).toLowerCase(), point]));
  return nearest(wanted, byPrefix.keys()).map((prefix) => byPrefix.get(prefix)!);
}

function shown({ id, time }: Selectable): string {
  return `${isHash(id) ? id.slice(0, SHOWN_ID) : id} of ${time.toISOString().slice(0, 19)}Z`;
}

/** Names of archives are made to be read; of a hash, the beginning is enough. */
function isHash(id: string): boolean {
  return /^[0-9a-f]{16,}$/.test(id);
}

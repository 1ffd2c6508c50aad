import { utcStamp } from '../../base/clock.ts';

/** Names of databases have at most so many characters. */
const LONGEST = 64;

export interface NamesBeside {
  /** Of the database that is restored into. */
  readonly restoring: string;
  /** Of the database that keeps what was there. */
  readonly before: string;
}

/** Names that nothing has yet for what stands beside a database during and after its restore: `shop_before_20261120_030700` (UTC). */
export function namesBeside(database: string, now: Date, taken: readonly string[]): NamesBeside {
  const stamp = utcStamp(now).replace('T', '_').replace('Z', '');
  const named = (what: string, more: string): string => {
    const ending = `_${what}_${stamp}${more}`;
    return [...database].slice(0, LONGEST - ending.length).join('') + ending;
  };
  for (let count = 1; ; count++) {
    const more = count === 1 ? '' : `_${count}`;
    const names = { restoring: named('restoring', more), before: named('before', more) };
    if (!taken.includes(names.restoring) && !taken.includes(names.before)) return names;
  }
}

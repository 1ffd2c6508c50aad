import { utcStamp } from '../../base/clock.ts';

/** Names of databases have at most so many characters. */
const LONGEST = 64;

export interface NamesBeside {
  /** Of the database that is restored into. */
  readonly restoring: string;
  /** Of the database that keeps what was there. */
  readonly before: string;
}

/** Names for what stands beside a database during and after its restore: `shop_before_20261120_030700` (UTC). */
export function namesBeside(database: string, now: Date): NamesBeside {
  const stamp = utcStamp(now).replace('T', '_').replace('Z', '');
  const named = (what: string): string => {
    const ending = `_${what}_${stamp}`;
    return [...database].slice(0, LONGEST - ending.length).join('') + ending;
  };
  return { restoring: named('restoring'), before: named('before') };
}

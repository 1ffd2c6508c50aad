import { PERIODS } from '../rules/calendar.ts';
import type { Count, RetentionPolicy } from '../rules/policy.ts';

/** `keep` as it is written, with durations in milliseconds. */
export interface RawKeep extends Readonly<Partial<Record<'last' | (typeof PERIODS)[number], Count | undefined>>> {
  readonly within?: number | undefined;
  readonly within_hourly?: number | undefined;
  readonly within_daily?: number | undefined;
  readonly within_weekly?: number | undefined;
  readonly within_monthly?: number | undefined;
  readonly within_yearly?: number | undefined;
  readonly tags?: readonly (string | readonly string[])[] | undefined;
}

/** The retention policy that `keep` means. */
export function retentionPolicy(raw: RawKeep): RetentionPolicy {
  const counts = (['last', ...PERIODS] as const).flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]]]));
  const spans = PERIODS.flatMap((period) => {
    const ms = raw[`within_${period}`];
    return ms === undefined ? [] : [[period, ms]];
  });
  return {
    ...Object.fromEntries(counts),
    ...(raw.within === undefined ? {} : { withinMs: raw.within }),
    ...(spans.length === 0 ? {} : { periodsWithinMs: Object.fromEntries(spans) }),
    ...(raw.tags === undefined ? {} : { tags: raw.tags.map((tag) => (typeof tag === 'string' ? [tag] : tag)) }),
  };
}

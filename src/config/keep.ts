/** `keep`, `guard` and the entries of `to`: what stays, for how long, and in which repository. */
import * as z from 'zod';
import { durationValue } from '../base/option-values.ts';
import { PERIODS } from '../rules/calendar.ts';
import { longestGapMs } from '../rules/longest-gap.ts';
import { isEmptyPolicy, type RetentionPolicy } from '../rules/policy.ts';
import { PRESET_NAMES, presetPolicy } from '../rules/presets.ts';

const count = z.union([z.int().min(0), z.literal('all')]);
const preset = z.enum(PRESET_NAMES);

const ruleKeys = z.strictObject({
  preset: preset.describe('a policy by its name; what stands beside it is added or takes the place').optional(),
  last: count.describe('how many of the newest').optional(),
  hourly: count.optional(),
  daily: count.optional(),
  weekly: count.describe('the newest of how many ISO weeks').optional(),
  monthly: count.optional(),
  yearly: count.optional(),
  within: durationValue.describe('everything younger than this').optional(),
  within_hourly: durationValue.optional(),
  within_daily: durationValue.optional(),
  within_weekly: durationValue.optional(),
  within_monthly: durationValue.optional(),
  within_yearly: durationValue.optional(),
  tags: z.array(z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])).optional(),
});

const rules = ruleKeys.refine((raw) => !isEmptyPolicy(retentionPolicy(raw)), {
  error: 'it would keep nothing',
  params: { hint: 'set at least one of last, daily, weekly, monthly, yearly or within' },
});

export const keepSchema = z
  .union([preset, rules])
  .describe('which snapshots cleanup keeps: the union of what stands here, or the name of a preset');

export const guardSchema = z
  .strictObject({
    newest_within: z
      .union([durationValue, z.literal('off')])
      .describe(
        'cleanup removes nothing of a source whose newest backup is older; default: 7d, or twice the time between runs where that is longer',
      )
      .optional(),
  })
  .describe('when cleanup is not trusted');

/** An entry of `to`. */
export const targetSchema = z.union([
  z.string(),
  z.strictObject({
    repository: z.string().describe('name of a repository'),
    keep: keepSchema.describe('what stays in this repository, in place of the keep of the job').optional(),
  }),
]);

export type RawKeep = z.output<typeof preset> | z.output<typeof ruleKeys>;
export type RawTarget = z.output<typeof targetSchema>;

const WEEK_MS = 7 * 86_400_000;

/**
 * How old the newest backup of a source may be for cleanup to remove anything; undefined: as old as it likes. Where nothing is said it is a
 * week, or twice the time between the runs of the schedule where that is longer.
 */
export function newestWithin(
  raw: z.output<typeof guardSchema> | undefined,
  schedule: string | undefined,
): number | undefined {
  const said = raw?.newest_within;
  if (said !== undefined) return said === 'off' ? undefined : said;
  return Math.max(WEEK_MS, schedule === undefined ? 0 : 2 * longestGapMs(schedule));
}

/** The retention policy that `keep` means. */
export function retentionPolicy(raw: RawKeep): RetentionPolicy {
  if (typeof raw === 'string') return presetPolicy(raw);
  const counts = (['last', ...PERIODS] as const).flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]]]));
  const spans = PERIODS.flatMap((period) => {
    const ms = raw[`within_${period}`];
    return ms === undefined ? [] : [[period, ms]];
  });
  return {
    ...(raw.preset === undefined ? {} : presetPolicy(raw.preset)),
    ...Object.fromEntries(counts),
    ...(raw.within === undefined ? {} : { withinMs: raw.within }),
    ...(spans.length === 0 ? {} : { periodsWithinMs: Object.fromEntries(spans) }),
    ...(raw.tags === undefined ? {} : { tags: raw.tags.map((tag) => (typeof tag === 'string' ? [tag] : tag)) }),
  };
}

/** Name of the repository of an entry of `to`, as it is in the file. */
export function targetName(target: unknown): unknown {
  if (typeof target !== 'object' || target === null || !('repository' in target)) return target;
  return target.repository;
}

/** The policies that stand with a repository, by its name. */
export function ownPolicies(targets: readonly RawTarget[]): Readonly<Record<string, RetentionPolicy>> {
  const own = targets.flatMap((target): [string, RetentionPolicy][] =>
    typeof target === 'string' || target.keep === undefined ? [] : [[target.repository, retentionPolicy(target.keep)]],
  );
  return Object.fromEntries(own);
}

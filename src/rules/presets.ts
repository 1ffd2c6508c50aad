/** Retention policies with a name that says what they keep. */
import type { RetentionPolicy } from './policy.ts';

const DAY_MS = 86_400_000;

const POLICIES = {
  /** One a day for four weeks. */
  'daily-28': { daily: 28 },
  /** One an hour for a day. */
  'hourly-24': { hourly: 24 },
  'latest-only': { last: 1 },
  /** Grandfather, father, son. */
  'gfs-7-4-12': { daily: 7, weekly: 4, monthly: 12 },
  'daily-90-monthly-24': { daily: 90, monthly: 24 },
  'last-60-within-60d': { last: 60, withinMs: 60 * DAY_MS },
  everything: { last: 'all' },
} as const satisfies Readonly<Record<string, RetentionPolicy>>;

export type PresetName = keyof typeof POLICIES;

export const PRESET_NAMES = Object.keys(POLICIES) as readonly PresetName[];

/** What the preset keeps. */
export function presetPolicy(name: PresetName): RetentionPolicy {
  return POLICIES[name];
}

/** How the runs of a job go: what a job may say besides what it backs up, where to, and what is kept. */
import * as z from 'zod';
import { durationValue } from '../base/option-values.ts';

/** Whether and how deep a new snapshot is re-read. Undefined: as suits the repository. */
export type VerifyAfter = 'no' | 'structure' | 'data' | undefined;

export interface RunOptions {
  /** How many sources are read at once. */
  readonly parallel: number;
  /** Without progress for this long, a source into a repository is given up; 0: never. */
  readonly stallMs: number;
  /** How long one source into one repository may take; undefined: as long as it wants. */
  readonly limitMs: number | undefined;
  readonly verifyAfter: VerifyAfter;
}

const DEFAULTS: RunOptions = { parallel: 2, stallMs: 30 * 60_000, limitMs: undefined, verifyAfter: undefined };

const PARALLEL_MAX = 64;

export const verifyAfterSchema = z
  .union([z.boolean(), z.enum(['data', 'structure'])])
  .describe('whether a new snapshot is re-read: true or data for every byte, structure, or false');

export const runOptionsSchema = {
  parallel: z.int().min(1).max(PARALLEL_MAX).describe('how many sources are read at once; default 2').optional(),
  stall_timeout: z
    .union([z.literal(0), durationValue])
    .describe('what makes no progress for so long is given up; default 30m, 0: never')
    .optional(),
  time_limit: durationValue.describe('how long one source into one repository may take; default: no limit').optional(),
  verify_after: verifyAfterSchema.optional(),
};

interface RawRunOptions {
  readonly parallel?: number | undefined;
  readonly stall_timeout?: number | undefined;
  readonly time_limit?: number | undefined;
  readonly verify_after?: z.output<typeof verifyAfterSchema> | undefined;
}

/** The options with their defaults. */
export function runOptionsOf(raw: RawRunOptions): RunOptions {
  return {
    parallel: raw.parallel ?? DEFAULTS.parallel,
    stallMs: raw.stall_timeout ?? DEFAULTS.stallMs,
    limitMs: raw.time_limit ?? DEFAULTS.limitMs,
    verifyAfter: verifyAfterOf(raw.verify_after),
  };
}

/** What `verify_after` means. */
export function verifyAfterOf(raw: z.output<typeof verifyAfterSchema> | undefined): VerifyAfter {
  if (raw === true) return 'data';
  return raw === false ? 'no' : raw;
}

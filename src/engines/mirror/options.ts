import * as z from 'zod';

/** How a `mirror` repository is kept, without the place it is in. */
export interface MirrorOptions {
  /** Which copies there are besides the one of the last run. */
  readonly rotate: readonly Rotation[];
  /** The largest share of the files that one run may remove, 0 to 1. */
  readonly maxDelete: number;
  /** How many files are compared with their source after each run. */
  readonly sample: number;
}

export type Rotation = 'day_of_week' | 'first_of_month';

const MAX_DELETE_PERCENT = 25;
const SAMPLE_FILES = 100;

const percent = z
  .string()
  .regex(/^\d{1,3}(\.\d+)?%$/, 'must be a share such as 25%')
  .transform((text) => Number(text.slice(0, -1)))
  .refine((value) => value <= 100, 'must be 100% at most');

/** The keys of a `mirror` repository in the configuration. */
export const mirrorSchema = z.strictObject({
  rotate: z
    .array(z.enum(['day_of_week', 'first_of_month']))
    .describe('keep copies by day of the week instead of only the latest, and one of the first run of each month')
    .optional(),
  max_delete: percent
    .describe(`refuse a run that would remove a larger share of the files; default ${MAX_DELETE_PERCENT}%`)
    .optional(),
  sample: z
    .int()
    .min(0)
    .max(100_000)
    .describe(`files that are compared with their source after each run; default ${SAMPLE_FILES}`)
    .optional(),
});

/** What was read by {@link mirrorSchema}, with defaults filled in. */
export function mirrorOptions(raw: z.output<typeof mirrorSchema>): MirrorOptions {
  return {
    rotate: raw.rotate ?? [],
    maxDelete: (raw.max_delete ?? MAX_DELETE_PERCENT) / 100,
    sample: raw.sample ?? SAMPLE_FILES,
  };
}

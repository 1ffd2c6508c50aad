/** `copy_to`: where the snapshots of a job are copied when they are made. */
import * as z from 'zod';
import type { RetentionPolicy } from '../rules/policy.ts';
import { keepSchema, ownPolicies, targetName } from './keep.ts';

export interface CopyTarget {
  /** Name of the repository that is copied into. */
  readonly repository: string;
  /** Names of repositories that are copied from, the first that has it whole; undefined: those that the job backs up to. */
  readonly from: readonly string[] | undefined;
}

const copyTargetSchema = z.union([
  z.string(),
  z.strictObject({
    repository: z.string().describe('name of a repository'),
    from: z
      .array(z.string())
      .min(1)
      .describe('names of the repositories to copy from; default: those of `to`, in their order')
      .optional(),
    keep: keepSchema.describe('what stays in this repository, in place of the keep of the job').optional(),
  }),
]);

export const copyToSchema = z
  .array(copyTargetSchema)
  .min(1)
  .describe(
    'names of repositories that get a copy of what was backed up, after each run; { repository, from, keep } to say more',
  );

export type RawCopyTo = z.output<typeof copyToSchema> | undefined;

export function copyTargets(raw: RawCopyTo = []): CopyTarget[] {
  return raw.map((one) => ({
    repository: String(targetName(one)),
    from: typeof one === 'string' ? undefined : one.from,
  }));
}

/** The policies that stand with a repository, by its name. */
export function copyPolicies(raw: RawCopyTo = []): Readonly<Record<string, RetentionPolicy>> {
  return ownPolicies(
    raw.map((one) => (typeof one === 'string' ? one : { repository: one.repository, keep: one.keep })),
  );
}

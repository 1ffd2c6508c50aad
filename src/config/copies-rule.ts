/** `copies`: how many copies of a source there should be, and where; `location` of a repository: what of that can not be seen. */
import * as z from 'zod';
import { durationValue } from '../base/option-values.ts';
import type { CopiesRule } from '../rules/three-two-one.ts';

const count = z.int().min(1).max(100);

const numbers = {
  copies: count.describe('how many, with the original; default 3').optional(),
  media: count.describe('on how many disks, machines or services; default 2').optional(),
  off_site: z.int().min(0).max(100).describe('how many of them somewhere else; default 1').optional(),
  max_age: durationValue.describe('how old the newest good backup of a copy may be; default: any age').optional(),
  verified_within: durationValue
    .describe('how long ago a copy was restored, or read whole, at most; default: ever')
    .optional(),
  administrators: count.describe('how many must err, or be robbed, for all to be lost; default: no matter').optional(),
};

type Numbers = z.output<z.ZodObject<typeof numbers>>;

/** Numbers that no set of copies could have. */
function refuseImpossible({ copies, media, off_site, administrators }: Numbers, context: z.RefinementCtx): void {
  if (copies === undefined) return;
  const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (off_site !== undefined && off_site >= copies) refuse('off_site', `of ${copies} copies one is the original`);
  if (media !== undefined && media > copies) refuse('media', `${copies} copies can not be on ${media} media`);
  if (administrators !== undefined && administrators > copies) {
    refuse('administrators', `${copies} copies can not have ${administrators} administrators`);
  }
}

const offValue = z.literal('off', { error: 'must be a mapping such as { copies: 3, media: 2, off_site: 1 }, or off' });

const ruleSchema = z.strictObject(numbers).superRefine(refuseImpossible);

/** Of one source, or of one importance. */
export const ownCopiesSchema = z
  .union([offValue, ruleSchema])
  .describe(
    'which copies there should be: { copies, media, off_site, max_age, verified_within, administrators }, or off',
  );

export const copiesSchema = z
  .strictObject({
    ...numbers,
    site: z.string().min(1).describe('name of the place where the originals are').optional(),
    importance: z
      .strictObject({
        must: ownCopiesSchema.optional(),
        should: ownCopiesSchema.optional(),
        could: ownCopiesSchema.optional(),
      })
      .describe('what is different for sources of an importance')
      .optional(),
  })
  .superRefine(refuseImpossible)
  .describe('which copies of every source there should be; surety copies looks whether there are');

export const repositoryLocationSchema = z
  .strictObject({
    site: z.string().min(1).describe('name of the place where it is').optional(),
    administrator: z.string().min(1).describe('name of who can delete it').optional(),
  })
  .describe('what can not be seen of where a repository is');

export interface RepositoryLocation {
  readonly site: string | undefined;
  readonly administrator: string | undefined;
}

export type RawCopies = z.output<typeof copiesSchema> | undefined;
type RawOwn = z.output<typeof ownCopiesSchema> | undefined;

export function repositoryLocation(raw: z.output<typeof repositoryLocationSchema> | undefined): RepositoryLocation {
  return { site: raw?.site, administrator: raw?.administrator };
}

/** What is wanted of a source: its own numbers, else those of its importance, else those of all; undefined where nothing is. */
export function copiesRule(
  all: RawCopies,
  own: RawOwn,
  importance: keyof NonNullable<NonNullable<RawCopies>['importance']>,
): CopiesRule | undefined {
  const less = all?.importance?.[importance];
  if (own === 'off' || (own === undefined && less === 'off')) return undefined;
  if (all === undefined && own === undefined) return undefined;
  const wanted: Numbers = { ...all, ...(less === 'off' ? {} : less), ...own };
  const { copies = 3, media = 2, off_site = 1, administrators } = wanted;
  // What is taken from elsewhere fits fewer copies too.
  return {
    copies,
    media: Math.min(media, copies),
    offSite: Math.min(off_site, copies - 1),
    maxAgeMs: wanted.max_age,
    verifiedWithinMs: wanted.verified_within,
    administrators: administrators === undefined ? undefined : Math.min(administrators, copies),
  };
}

/** The shape of `surety.yaml` as a schema: what may stand where. What it means is decided in `parse.ts`. */

import * as z from 'zod';
import { durationValue } from '../base/option-values.ts';
import { borgPlaceShape, checkBorgPlace, writtenStore } from './borg-place.ts';
import { checkCleanupWith, cleanupWithSchema } from './cleanup-with.ts';
import { copyToSchema } from './copies.ts';
import { copiesSchema, ownCopiesSchema, repositoryLocationSchema } from './copies-rule.ts';
import { hooksSchema } from './hooks.ts';
import { hostSchema } from './hosts.ts';
import { guardSchema, keepSchema, targetSchema } from './keep.ts';
import { REPOSITORY_SCHEMAS, SOURCE_SCHEMAS } from './kinds.ts';
import { maintenanceSchema, scheduleValue, timeZoneValue } from './maintenance.ts';
import { notificationsSchema, occasionsSchema } from './notifications.ts';
import { runOptionsSchema, verifyAfterSchema } from './run-options.ts';
import { scenarioSchema } from './scenarios.ts';
import { storeSchema } from './store-location.ts';
import { storeUseSchema } from './store-use.ts';

export const IMPORTANCES = ['must', 'should', 'could'] as const;
export const ROLES = ['config', 'database', 'blobs', 'data'] as const;

/** What is said of a name that is none. */
export const NAME_RULE = 'a name has letters, digits, ".", "_" and "-", and begins with a letter or digit';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: NAME_RULE });

/** What every source has besides the options of its kind. */
const sourceAttributes = {
  host: z.string().describe('where the source lives: a name under hosts; default: this machine').optional(),
  importance: z.enum(IMPORTANCES).describe('how bad it is to lose it; default should').optional(),
  rpo: durationValue.describe('how much work may be lost at most, such as 24h').optional(),
  rto: durationValue.describe('how long a restore may take at most, such as 1h').optional(),
  prove_every: durationValue.describe('how long ago it may have been restored whole, such as 90d').optional(),
  after: z.array(z.string()).describe('names of sources to read before this one').optional(),
  role: z
    .enum(ROLES)
    .describe('when it is read and restored: config first, then databases, then blobs, then data; default by type')
    .optional(),
  copies: ownCopiesSchema.optional(),
  hooks: hooksSchema.optional(),
};

/** What can be read while a service is stopped. */
const insideService = z
  .discriminatedUnion('type', [
    SOURCE_SCHEMAS.files.safeExtend({ type: z.literal('files') }),
    SOURCE_SCHEMAS.sqlite.safeExtend({ type: z.literal('sqlite') }),
    SOURCE_SCHEMAS.postgres.safeExtend({ type: z.literal('postgres') }),
    SOURCE_SCHEMAS.mysql.safeExtend({ type: z.literal('mysql') }),
    SOURCE_SCHEMAS.command.safeExtend({ type: z.literal('command') }),
    SOURCE_SCHEMAS['dump-files'].safeExtend({ type: z.literal('dump-files') }),
  ])
  .describe('the source that is read while the service is stopped');

const source = z.discriminatedUnion('type', [
  SOURCE_SCHEMAS.files.safeExtend({ type: z.literal('files'), ...sourceAttributes }),
  SOURCE_SCHEMAS.sqlite.safeExtend({ type: z.literal('sqlite'), ...sourceAttributes }),
  SOURCE_SCHEMAS.postgres.safeExtend({ type: z.literal('postgres'), ...sourceAttributes }),
  SOURCE_SCHEMAS.mysql.safeExtend({ type: z.literal('mysql'), ...sourceAttributes }),
  SOURCE_SCHEMAS.command.safeExtend({ type: z.literal('command'), ...sourceAttributes }),
  SOURCE_SCHEMAS['dump-files'].safeExtend({ type: z.literal('dump-files'), ...sourceAttributes }),
  SOURCE_SCHEMAS.service.safeExtend({ type: z.literal('service'), of: insideService, ...sourceAttributes }),
]);

/** What every repository has besides the options of its kind. */
const repositoryAttributes = {
  store: storeSchema,
  ...storeUseSchema,
  cleanup_with: cleanupWithSchema.optional(),
  location: repositoryLocationSchema.optional(),
  verify_after: verifyAfterSchema.optional(),
};

const repository = z
  .discriminatedUnion('type', [
    REPOSITORY_SCHEMAS.restic.safeExtend({ type: z.literal('restic'), ...repositoryAttributes }),
    REPOSITORY_SCHEMAS.archive.safeExtend({ type: z.literal('archive'), ...repositoryAttributes }),
    REPOSITORY_SCHEMAS.borg
      .safeExtend({ type: z.literal('borg'), ...repositoryAttributes, ...borgPlaceShape })
      .superRefine(checkBorgPlace),
    REPOSITORY_SCHEMAS.mirror.safeExtend({ type: z.literal('mirror'), ...repositoryAttributes }),
  ])
  .superRefine((raw, context) => checkCleanupWith({ ...raw, store: writtenStore(raw) }, context));

const names = z.union([z.array(z.string()).min(1), z.literal('all')]);

const job = z.strictObject({
  sources: names.describe('names of the sources to back up, or all'),
  to: z
    .union([z.array(targetSchema).min(1), z.literal('all')])
    .describe('names of the repositories to back up to, or all; { repository, keep } where one keeps something else'),
  copy_to: copyToSchema.optional(),
  schedule: scheduleValue.optional(),
  time_zone: timeZoneValue
    .describe('of schedule and keep, such as Europe/London; default: that of this machine')
    .optional(),
  keep: keepSchema.optional(),
  guard: guardSchema.optional(),
  hooks: hooksSchema.optional(),
  notify_on: occasionsSchema
    .describe('which endings of this job are told, in place of `notifications.on`; [] for none')
    .optional(),
  ...runOptionsSchema,
});

export const documentSchema = z
  .strictObject({
    hosts: z.record(name, hostSchema).describe('other hosts, by the names that sources have in `host`').optional(),
    sources: z.record(name, source).describe('what to protect').optional(),
    repositories: z
      .record(name, repository)
      .describe('where snapshots are kept')
      .refine((all) => Object.keys(all).length > 0, { error: 'there is no repository' }),
    jobs: z
      .record(name, job)
      .describe('which sources go where, when, and how long they are kept; default: all sources to all repositories')
      .refine((all) => Object.keys(all).length > 0, {
        error: 'there is no job',
        params: { hint: 'leave `jobs` out to back up all sources to all repositories' },
      })
      .optional(),
    copies: copiesSchema.optional(),
    maintenance: maintenanceSchema.optional(),
    scenarios: z
      .record(name, scenarioSchema)
      .describe('what can happen, and within what time what has to be back')
      .optional(),
    notifications: notificationsSchema.describe('who is told how runs end').optional(),
  })
  .meta({
    title: 'Surety configuration',
    description: 'what to protect, where snapshots are kept, and when that happens',
  });

export type ConfigDocument = z.output<typeof documentSchema>;

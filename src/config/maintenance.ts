/** `maintenance`: what is done again and again besides the backups of jobs, and when. */
import * as z from 'zod';
import { isTimeZone } from '../rules/calendar.ts';
import { scheduleProblem } from '../rules/schedule.ts';

/** A verb by schedule. */
export interface MaintenanceConfig {
  readonly verb: MaintenanceVerb;
  readonly schedule: string;
  /** Undefined: that of this machine. */
  readonly timeZone: string | undefined;
  /** Of the command: its name and options. */
  readonly args: readonly string[];
}

export const scheduleValue = z
  .string()
  .describe('when it runs, as five cron fields')
  .superRefine((text, context) => {
    const message = scheduleProblem(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

export const timeZoneValue = z.string().refine(isTimeZone, {
  error: 'there is no such time zone',
  params: { hint: 'use a name such as Europe/London or UTC' },
});

const timeZone = timeZoneValue.describe('of the schedule; default: that of maintenance, else of this machine');

/** Every verb with its own options, and the arguments that these are. */
const repositories = z.array(z.string()).min(1).describe('names of repositories; default: all').optional();
const OPTIONS = {
  copy: {
    jobs: z.array(z.string()).min(1).describe('names of jobs; default: all that have copy_to').optional(),
    to: z.string().describe('name of the repository to copy into; default: as copy_to says').optional(),
    from: z.array(z.string()).min(1).describe('names of the repositories to copy from').optional(),
  },
  cleanup: { repositories },
  verify: {
    days: z.int().min(1).max(100_000).describe('only the snapshots of the last so many days').optional(),
    read_data: z.boolean().describe('read and check every stored byte').optional(),
    repositories,
  },
} as const;

export type MaintenanceVerb = keyof typeof OPTIONS;

const MAINTENANCE_VERBS = Object.keys(OPTIONS) as MaintenanceVerb[];

function work<Options extends z.core.$ZodLooseShape>(options: Options, what: string) {
  const whole = z.strictObject({ schedule: scheduleValue, time_zone: timeZone.optional(), ...options });
  return z.union([scheduleValue, whole]).describe(what).optional();
}

export const maintenanceSchema = z
  .strictObject({
    copy: work(OPTIONS.copy, 'surety copy: a schedule, or a mapping with one'),
    cleanup: work(OPTIONS.cleanup, 'surety cleanup: a schedule, or a mapping with one'),
    verify: work(OPTIONS.verify, 'surety verify: a schedule, or a mapping with one'),
    time_zone: timeZoneValue.describe('of these schedules; default: that of this machine').optional(),
  })
  .describe('what is done again and again besides backups');

type RawMaintenance = z.output<typeof maintenanceSchema>;

/** Any verb's options, as far as they are given. */
interface RawWork {
  readonly schedule: string;
  readonly time_zone?: string | undefined;
  readonly days?: number | undefined;
  readonly read_data?: boolean | undefined;
  readonly repositories?: readonly string[] | undefined;
  readonly jobs?: readonly string[] | undefined;
  readonly to?: string | undefined;
  readonly from?: readonly string[] | undefined;
}

/** What is given, in the order of {@link MAINTENANCE_VERBS}. */
export function maintenanceOf(raw: RawMaintenance | undefined): MaintenanceConfig[] {
  if (raw === undefined) return [];
  return MAINTENANCE_VERBS.flatMap((verb) => {
    const given = raw[verb];
    if (given === undefined) return [];
    const one: RawWork = typeof given === 'string' ? { schedule: given } : given;
    return [{ verb, schedule: one.schedule, timeZone: one.time_zone ?? raw.time_zone, args: [verb, ...argsOf(one)] }];
  });
}

function argsOf({ days, read_data, repositories: names = [], jobs = [], to, from = [] }: RawWork): string[] {
  return [
    ...jobs,
    ...(to === undefined ? [] : ['--to', to]),
    ...from.flatMap((name) => ['--from', name]),
    ...(days === undefined ? [] : ['--days', String(days)]),
    ...(read_data === true ? ['--read-data'] : []),
    ...names.flatMap((name) => ['--repository', name]),
  ];
}

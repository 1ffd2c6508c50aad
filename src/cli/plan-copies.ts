/** What a command line that names ids, jobs and repositories means: which snapshots are copied, from where, and where to. */
import { SuretyError } from '../base/errors.ts';
import type { Job, Platform } from '../daemon/compose.ts';
import type { WantedCopies } from '../operations/copy/choose-copies.ts';
import { keepFor } from './keep-for.ts';

export interface AskedCopies {
  /** Ids or names of jobs. */
  readonly names: readonly string[];
  readonly to: string | undefined;
  readonly from: readonly string[] | undefined;
  readonly source: string | undefined;
  readonly host: string | undefined;
  readonly since: Date | undefined;
  /** Also what is not kept there. */
  readonly all: boolean;
}

export interface PlannedCopy {
  /** '' where it is not for one. */
  readonly job: string;
  readonly wanted: WantedCopies;
  readonly from: readonly string[];
  readonly to: string;
}

/** Throws `usage.*` for what makes no sense together, and for a job that says nothing of copies. */
export function planCopies(platform: Platform, asked: AskedCopies): PlannedCopy[] {
  const jobs = platform.jobs.filter(({ name }) => asked.names.includes(name));
  const ids = asked.names.filter((name) => !jobs.some((job) => job.name === name));
  if (ids.length > 0 && jobs.length > 0) {
    throw conflict(`${jobs[0]!.name} is a job, and ${ids[0]} is none`, 'copy ids and jobs one after the other');
  }
  if (ids.length > 0) return [planIds(platform, ids, asked)];
  if (asked.to !== undefined && jobs.length === 0) return [planOne(platform, undefined, asked.to, asked, undefined)];
  const chosen = jobs.length > 0 ? jobs : platform.jobs;
  const plans = chosen.flatMap((job) => planJob(platform, job, asked));
  if (plans.length > 0) return plans;
  throw new SuretyError('usage.no-target', 'nothing says where to copy to', {
    hint: 'name a repository with --to, or in the configuration under copy_to of the job',
  });
}

function planIds(platform: Platform, ids: readonly string[], { to, from, source, host, since, all }: AskedCopies) {
  if (to === undefined) throw conflict('ids were given, but not where to copy them', 'name a repository with --to');
  if (since !== undefined || all) throw conflict('ids were given with --days or --all', 'leave one of them out');
  return { job: '', wanted: { ids, source, host }, from: sourcesOf(platform, to, from, undefined), to };
}

function planJob(platform: Platform, job: Job, asked: AskedCopies): PlannedCopy[] {
  if (asked.to !== undefined) return [planOne(platform, job, asked.to, asked, undefined)];
  return job.copyTo.map(({ repository, from }) => planOne(platform, job, repository, asked, from));
}

function planOne(
  platform: Platform,
  job: Job | undefined,
  to: string,
  { from, source, host, since, all }: AskedCopies,
  configured: readonly string[] | undefined,
): PlannedCopy {
  if (host !== undefined) throw conflict('--host was given without latest', 'leave it out');
  if (source !== undefined) platform.sources([source]);
  const sources = source === undefined ? job?.sources : [source];
  const keep = all ? undefined : keepFor(platform, true)(to);
  return {
    job: job?.name ?? '',
    wanted: { sources, since, keep },
    from: from ?? configured ?? sourcesOf(platform, to, undefined, job),
    to,
  };
}

/** Where nothing is said: the repositories of the job, or all others. */
function sourcesOf(
  platform: Platform,
  to: string,
  from: readonly string[] | undefined,
  job: Job | undefined,
): readonly string[] {
  if (from !== undefined) return from;
  const own = (job?.to ?? []).filter((name) => name !== to);
  return own.length > 0 ? own : platform.repositoryNames.filter((name) => name !== to);
}

function conflict(message: string, hint: string): SuretyError {
  return new SuretyError('usage.conflict', message, { hint });
}

/** What a command line that names jobs, sources and repositories means: which runs, of what, into what. */
import { SuretyError } from '../base/errors.ts';
import type { Job, Platform } from '../daemon/compose.ts';

export interface Chosen {
  readonly jobs: readonly string[];
  readonly source: readonly string[] | undefined;
  readonly repository: readonly string[] | undefined;
}

export interface PlannedRun {
  /** '' for a run of single sources. */
  readonly job: string;
  readonly sources: readonly string[];
  readonly repositories: readonly string[];
  /** How it goes: as the job says, or for single sources the first job that has one of them. Undefined: no job says anything. */
  readonly like: Job | undefined;
}

/** Whole jobs run one after the other; single sources run together, into the repositories their jobs name. */
export function planRuns(platform: Platform, { jobs, source, repository }: Chosen): PlannedRun[] {
  const chosen = jobs.length === 0 ? platform.jobs : [...new Set(jobs)].map((name) => platform.job(name));
  if (chosen.length === 0) {
    throw new SuretyError('config.no-job', 'the configuration has no job', {
      hint: 'add one under jobs: it names sources, and the repositories they go to',
    });
  }
  if (repository !== undefined) platform.repositories(repository);
  if (source === undefined) {
    return chosen.map((job) => ({
      job: job.name,
      sources: job.sources,
      repositories: repository ?? job.to,
      like: job,
    }));
  }
  platform.sources(source);
  const homes = chosen.filter((job) => job.sources.some((name) => source.includes(name)));
  const homeNames = homes.length > 0 ? [...new Set(homes.flatMap((job) => job.to))] : platform.repositoryNames;
  return [{ job: '', sources: source, repositories: repository ?? homeNames, like: homes[0] }];
}

/** What a command line that names jobs, sources and repositories means: which runs, of what, into what. */
import { hasCode, SuretyError } from '../base/errors.ts';
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
  const chosen = jobs.length === 0 ? platform.jobs : [...new Set(jobs)].map((name) => jobNamed(platform, name));
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
  expectSources(platform, source);
  const homes = chosen.filter((job) => job.sources.some((name) => source.includes(name)));
  const homeNames = homes.length > 0 ? [...new Set(homes.flatMap((job) => job.to))] : platform.repositoryNames;
  return [{ job: '', sources: source, repositories: repository ?? homeNames, like: homes[0] }];
}

function jobNamed(platform: Platform, name: string): Job {
  try {
    return platform.job(name);
  } catch (error) {
    throw platform.sourceNames.includes(name)
      ? otherwise(error, `${name} is a source: surety backup --source ${name}`)
      : error;
  }
}

function expectSources(platform: Platform, names: readonly string[]): void {
  try {
    platform.sources(names);
  } catch (error) {
    const job = platform.jobs.find(({ name }) => names.includes(name) && !platform.sourceNames.includes(name));
    throw job === undefined ? error : otherwise(error, `${job.name} is a job: surety backup ${job.name}`);
  }
}

/** What is no name of the one is one of the other. */
function otherwise(error: unknown, hint: string): unknown {
  if (!hasCode(error, 'config.unknown-name')) return error;
  return new SuretyError(error.code, error.message, { hint, cause: error });
}

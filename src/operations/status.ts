/** An overview: is every source as well protected as it should be, what is in the repositories, what is being done. */
import type { Catalog } from '../catalog/catalog.ts';
import { lastFailures } from './last-failures.ts';
import { type SeenRepository, type StatusRepository, seeRepository } from './status/status-repository.ts';
import { lastRuns, type StatusRuns, statusRuns } from './status/status-runs.ts';
import { type ScenarioStatus, type StatusScenario, scenarioStatus } from './status/status-scenario.ts';
import { type SourceStatus, type StatusJob, type StatusSource, sourceStatus } from './status/status-source.ts';

export interface StatusRequest {
  readonly sources: readonly StatusSource[];
  readonly repositories: readonly StatusRepository[];
  readonly jobs: readonly StatusJob[];
  readonly scenarios: readonly StatusScenario[];
  /** Undefined: nothing is known but what the repositories tell. */
  readonly catalog: Catalog | undefined;
  /** Restores that can be continued. */
  readonly unfinishedRestores: number;
  readonly hosts: ReadonlySet<string>;
  readonly now: Date;
}

export interface StatusReport extends StatusRuns {
  /** `warnings`: a source, or a repository that does not answer, needs somebody now. */
  readonly outcome: 'ok' | 'warnings';
  readonly now: Date;
  readonly sources: readonly SourceStatus[];
  readonly repositories: readonly RepositoryStatus[];
  readonly scenarios: readonly ScenarioStatus[];
  readonly unfinishedRestores: number;
}

export interface RepositoryStatus extends Omit<SeenRepository, 'snapshots' | 'failures'> {
  readonly snapshots: number;
  readonly newest: Date | undefined;
  /** Sources whose last backup into it failed. */
  readonly failing: readonly string[];
  /** Records of failed backups that it holds. */
  readonly failedBackups: number;
  /** Snapshots that were found damaged. */
  readonly damaged: number;
}

/** A repository that does not answer is told of, and does not hide the others. */
export async function status(request: StatusRequest, how: { readonly signal: AbortSignal }): Promise<StatusReport> {
  const { catalog, jobs, now, hosts, unfinishedRestores } = request;
  const repositories = await Promise.all(request.repositories.map((one) => seeRepository(one, catalog, how)));
  const failures = new Map<string, Awaited<ReturnType<typeof lastFailures>>>();
  for (const { repository, failures: recorded } of repositories) {
    const into = jobs.filter(({ to }) => to.includes(repository)).map(({ name, sources }) => ({ job: name, sources }));
    failures.set(repository, await lastFailures({ repository, jobs: into, catalog, failures: recorded }));
  }
  const runs = await lastRuns(catalog);
  const sources: SourceStatus[] = [];
  const known = { repositories, jobs, failures, runs, catalog, hosts, now };
  for (const source of request.sources) sources.push(await sourceStatus(source, known));
  const scenarios: ScenarioStatus[] = [];
  for (const scenario of request.scenarios) scenarios.push(await scenarioStatus(scenario, known));
  const seen = repositories.map((one) => repositoryStatus(one, sources));
  // What is damaged in one place and whole in another is no loss yet, but stays so until somebody heals it.
  const isBad = ({ error, damaged }: RepositoryStatus) => error !== undefined || damaged > 0;
  const needed = [...sources, ...scenarios].some(({ verdict }) => verdict.alarm) || seen.some(isBad);
  return {
    outcome: needed ? 'warnings' : 'ok',
    now,
    sources,
    repositories: seen,
    scenarios,
    ...statusRuns(runs, now),
    unfinishedRestores,
  };
}

function repositoryStatus(seen: SeenRepository, sources: readonly SourceStatus[]): RepositoryStatus {
  const { snapshots, failures, ...rest } = seen;
  const failing = sources.filter((one) => one.failures.some(({ repository }) => repository === seen.repository));
  return {
    ...rest,
    snapshots: snapshots.length,
    newest: snapshots.at(-1)?.time,
    failing: failing.map(({ name }) => name),
    failedBackups: failures.length,
    damaged: snapshots.filter(({ state }) => state === 'bad').length,
  };
}

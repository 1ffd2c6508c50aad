/** Of which sources the last backup into a repository failed. */
import type { Catalog, RunRecord } from '../catalog/catalog.ts';
import type { FailedBackup } from '../engines/engine.ts';
import type { LastFailure } from '../rules/retention-guard.ts';

/** So many runs are looked through for the last one of a source into the repository. */
const LOOKED_AT = 200;

interface Asked {
  readonly repository: string;
  readonly jobs: readonly { readonly job: string; readonly sources: readonly string[] }[];
  /** Undefined: nothing is remembered. */
  readonly catalog: Catalog | undefined;
  /** What the repository itself recorded. */
  readonly failures: readonly FailedBackup[];
}

/**
 * The newest failure of each source that no remembered success followed. What the repository holds from other machines is not
 * compared here. A catalog that can not be read remembers nothing.
 */
export async function lastFailures({ repository, jobs, catalog, failures }: Asked): Promise<Map<string, LastFailure>> {
  const found = new Map<string, LastFailure>();
  const keepNewest = (source: string, failure: LastFailure) => {
    if (failure.time.getTime() >= (found.get(source)?.time.getTime() ?? 0)) found.set(source, failure);
  };
  for (const { source, time, message } of failures) keepNewest(source, { time, message });
  if (catalog === undefined) return found;
  const runs = await lastRuns(catalog);
  for (const source of new Set(jobs.flatMap(({ sources }) => sources))) {
    const own = new Set(jobs.filter(({ sources }) => sources.includes(source)).map(({ job }) => job));
    const last = lastAttempt(runs, { source, repository, jobs: own });
    if (last !== undefined) keepNewest(source, last);
  }
  return found;
}

async function lastRuns(catalog: Catalog): Promise<readonly RunRecord[]> {
  try {
    return await catalog.history({ verb: 'backup', limit: LOOKED_AT });
  } catch {
    return [];
  }
}

interface Wanted {
  readonly source: string;
  readonly repository: string;
  /** The jobs that the source is in. */
  readonly jobs: ReadonlySet<string>;
}

/** The failure of the newest run that tells of the source, or undefined when that went well. */
function lastAttempt(runs: readonly RunRecord[], { source, repository, jobs }: Wanted): LastFailure | undefined {
  for (const { job, startedAt, endedAt, outcome, members } of runs) {
    const member = members.find((one) => one.source === source && one.repository === repository);
    if (member !== undefined) {
      if (member.outcome === 'ok' || member.outcome === 'warnings') return undefined;
      return { time: startedAt, message: member.error?.message ?? `it was ${member.outcome}` };
    }
    // A run that died tells nothing of the members it had not come to.
    const died = outcome === 'interrupted' && endedAt === undefined && jobs.has(job);
    if (died) return { time: startedAt, message: 'its process ended before it was done' };
  }
  return undefined;
}

/** What is being done on this machine, and what was killed. */
import type { Catalog, RunRecord } from '../../catalog/catalog.ts';

export interface StatusRuns {
  readonly running: readonly StatusRun[];
  /** In the last days, and not done since. Newest first. */
  readonly killed: readonly StatusRun[];
}

export type StatusRun = Pick<RunRecord, 'id' | 'verb' | 'job' | 'startedAt'>;

const LOOKED_AT = 200;
const KILLED_WITHIN_MS = 7 * 86_400_000;

export function statusRuns(runs: readonly RunRecord[], now: Date): StatusRuns {
  const running = runs.filter(({ outcome }) => outcome === undefined);
  const since = now.getTime() - KILLED_WITHIN_MS;
  const killed = runs.filter(
    (run, at) =>
      run.outcome === 'interrupted' &&
      run.endedAt === undefined &&
      run.startedAt.getTime() >= since &&
      !runs.slice(0, at).some((later) => isDoneInstead(later, run)),
  );
  return { running: running.map(head), killed: killed.map(head) };
}

/** Newest first. A catalog that can not be read remembers none. */
export async function lastRuns(catalog: Catalog | undefined): Promise<readonly RunRecord[]> {
  if (catalog === undefined) return [];
  try {
    return await catalog.history({ limit: LOOKED_AT });
  } catch {
    return [];
  }
}

function isDoneInstead({ verb, job, outcome }: RunRecord, killed: RunRecord): boolean {
  return verb === killed.verb && job === killed.job && (outcome === 'ok' || outcome === 'warnings');
}

function head({ id, verb, job, startedAt }: RunRecord): StatusRun {
  return { id, verb, job, startedAt };
}

/** Earlier runs, from what the catalog remembers of them. */
import type { Catalog, RunRecord } from '../catalog/catalog.ts';
import type { PastPart, PastRun, RunFacts } from '../notify/run-facts.ts';
import { hookKey, partKey } from './compose-notify-facts.ts';

/** So many runs of the job, and of all jobs, are looked back at first: one of every hour for four days. */
export const RUNS_MAX = 100;

type Parts = Map<string, PastPart>;

/** Runs of the same verb before this one, newest first. Other jobs may run far more often than this one. */
export async function pastRuns(catalog: Catalog, facts: RunFacts, limit: number): Promise<PastRun[]> {
  const { verb, job, id, startedAt } = facts;
  const before = new Date(startedAt.getTime() + 1);
  const own = await catalog.history({ verb, job, before, limit });
  const all = await catalog.history({ verb, before, limit });
  const known = new Map([...own, ...all].map((run) => [run.id, run]));
  known.delete(id);
  const runs = [...known.values()].sort((left, right) => right.startedAt.getTime() - left.startedAt.getTime());
  const checked = await checkedParts(catalog, verb, limit);
  return runs.map((run) => ({
    job: run.job,
    startedAt: run.startedAt,
    outcome: outcomeOf(run),
    parts: verb === 'backup' || verb === 'copy' ? memberParts(run) : checked.get(run.id),
  }));
}

function outcomeOf({ outcome, endedAt }: RunRecord): PastRun['outcome'] {
  if (outcome === undefined) return 'running';
  return outcome === 'interrupted' && endedAt === undefined ? 'killed' : outcome;
}

function memberParts({ members, hooks }: RunRecord): Parts {
  const parts: Parts = new Map();
  for (const { source, repository, outcome, error } of members) {
    parts.set(partKey(source, repository), { outcome, code: error?.code ?? '' });
  }
  for (const hook of hooks) parts.set(hookKey(hook), { outcome: hook.outcome, code: hook.error?.code ?? '' });
  return parts;
}

/** By run. Of other verbs the catalog keeps only how they ended. */
async function checkedParts(catalog: Catalog, verb: string, limit: number): Promise<ReadonlyMap<string, Parts>> {
  const byRun = new Map<string, Parts>();
  const add = (runId: string, key: string, part: PastPart) => {
    byRun.set(runId, (byRun.get(runId) ?? new Map()).set(key, part));
  };
  if (verb === 'verify') {
    for (const { runId, repository, outcome, error, problems } of await catalog.verifications({ limit })) {
      const code = error?.code ?? problems[0]?.split(' ', 1)[0] ?? '';
      add(runId, partKey('', repository), { outcome, code });
    }
  } else if (verb === 'restore') {
    for (const { runId, source, repository, outcome, error } of await catalog.restores({ limit })) {
      add(runId, partKey(source, repository), { outcome, code: error?.code ?? '' });
    }
  }
  return byRun;
}

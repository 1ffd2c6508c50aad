/** Earlier runs, from what the catalog remembers of them. */
import type { Catalog, RunRecord } from '../catalog/catalog.ts';
import type { PastPart, PastRun, RunFacts } from '../notify/run-facts.ts';
import { hookKey, partKey } from './compose-notify-facts.ts';

/** So many runs are looked back: a job of every hour for four days. */
const RUNS_MAX = 100;

type Parts = Map<string, PastPart>;

/** Runs of the same verb before this one, newest first. */
export async function pastRuns(catalog: Catalog, { verb, id, startedAt }: RunFacts): Promise<PastRun[]> {
  const before = new Date(startedAt.getTime() + 1);
  const runs = (await catalog.history({ verb, before, limit: RUNS_MAX })).filter((run) => run.id !== id);
  const checked = await checkedParts(catalog, verb);
  return runs.map((run) => ({
    job: run.job,
    startedAt: run.startedAt,
    outcome: outcomeOf(run),
    parts: verb === 'backup' ? memberParts(run) : checked.get(run.id),
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
async function checkedParts(catalog: Catalog, verb: string): Promise<ReadonlyMap<string, Parts>> {
  const byRun = new Map<string, Parts>();
  const add = (runId: string, key: string, part: PastPart) => {
    byRun.set(runId, (byRun.get(runId) ?? new Map()).set(key, part));
  };
  if (verb === 'verify') {
    for (const { runId, repository, outcome, error, problems } of await catalog.verifications({ limit: RUNS_MAX })) {
      const code = error?.code ?? problems[0]?.split(' ', 1)[0] ?? '';
      add(runId, partKey('', repository), { outcome, code });
    }
  } else if (verb === 'restore') {
    for (const { runId, source, repository, outcome, error } of await catalog.restores({ limit: RUNS_MAX })) {
      add(runId, partKey(source, repository), { outcome, code: error?.code ?? '' });
    }
  }
  return byRun;
}

/** Removes the snapshots that a person names, after looking whether they can be spared. */
import type { SuretyError } from '../base/errors.ts';
import { shortId } from '../base/short-id.ts';
import type { PruneReport } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import { type OperationHow, type Outcome, type Run, worstOutcome } from './events.ts';
import { type ForgetTarget, type ForgetTargets, forgetTargets } from './forget-targets.ts';
import { lockReason } from './locked-snapshots.ts';
import type { Going } from './meant-snapshots.ts';
import { runStep } from './step.ts';

export interface ForgetRequest extends ForgetTargets {
  readonly runId: string;
  readonly dryRun: boolean;
  /** Free their content too. Where snapshots share nothing, that is done in any case. */
  readonly prune: boolean;
  /** Unused share that may stay, as a fraction of what remains. */
  readonly maxUnused: number;
}

export interface RepositoryForgotten {
  readonly repository: string;
  readonly location: string;
  readonly outcome: Outcome;
  /** What goes; in a dry run what would. */
  readonly going: readonly Going[];
  /** Ids of what went; in a dry run none. */
  readonly removed: readonly string[];
  readonly prune: PruneReport | undefined;
  readonly warnings: readonly Warning[];
  readonly error: SuretyError | undefined;
  readonly durationMs: number;
}

export interface ForgetReport {
  readonly outcome: Outcome;
  readonly dryRun: boolean;
  readonly repositories: readonly RepositoryForgotten[];
}

/** Throws before anything is removed what {@link forgetTargets} throws. A repository that fails does not stop the others. */
export async function forget(request: ForgetRequest, how: OperationHow): Promise<ForgetReport> {
  const targets = await forgetTargets(request, how);
  const run: Run = { verb: 'forget', job: '', id: request.runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: targets.length });
  const repositories: RepositoryForgotten[] = [];
  for (const target of targets) repositories.push(await forgetIn(target, request, run, how));
  const outcome = worstOutcome(repositories.map((one) => one.outcome));
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome });
  return { outcome, dryRun: request.dryRun, repositories };
}

async function forgetIn(
  { repository, engine, going }: ForgetTarget,
  { dryRun, prune, maxUnused }: ForgetRequest,
  run: Run,
  how: OperationHow,
): Promise<RepositoryForgotten> {
  const step = { repository: repository.name, source: '', snapshot: going.length === 1 ? going[0]!.id : '' };
  let removed: readonly string[] = [];
  const ending = await runStep(
    {
      run,
      step,
      doing: `repository ${repository.name}`,
      work: async (tools) => {
        if (!dryRun) {
          const ids = going.map(({ id }) => id);
          if (engine.traits.appendOnly !== true) how.listen({ type: 'snapshots.forgetting', run, step, ids });
          const locked = new Map((await engine.forget(ids, tools)).map(({ id, until }) => [id, until]));
          for (const [id, until] of locked) tools.warn(lockedWarning(id, until));
          removed = ids.filter((id) => !locked.has(id));
        }
        const prunes = !dryRun && (prune || !engine.traits.deduplicates);
        return {
          verb: 'forget' as const,
          removed,
          prune: prunes ? await engine.prune({ ...tools, dryRun: false, maxUnused }) : undefined,
        };
      },
    },
    how,
  );
  return {
    ...{ repository: repository.name, location: repository.location, outcome: ending.outcome },
    ...{ going, removed, prune: ending.result?.prune },
    ...{ warnings: ending.warnings, error: ending.error, durationMs: ending.durationMs },
  };
}

function lockedWarning(id: string, until: Date | undefined): Warning {
  return { code: 'snapshot.locked', path: '', message: `${shortId(id)} is still there: ${lockReason(until)}` };
}

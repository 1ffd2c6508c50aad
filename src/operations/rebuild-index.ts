/** Makes a repository's index anew from what its packs say about themselves. */
import { SuretyError } from '../base/errors.ts';
import type { RebuildReport } from '../engines/engine.ts';
import type { OperationHow, Run } from './events.ts';
import type { RepositoryHandle } from './handles.ts';
import { runStep } from './step.ts';

/** Throws when it can not be done. Packs whose header can not be read are named in the report. */
export async function rebuildIndex(
  { repository, runId }: { readonly repository: RepositoryHandle; readonly runId: string },
  how: OperationHow,
): Promise<RebuildReport> {
  const run: Run = { verb: 'rebuild-index', job: '', id: runId, startedAt: how.clock.now() };
  how.listen({ type: 'run.started', run, steps: 1 });
  const ending = await runStep(
    {
      run,
      step: { repository: repository.name, source: '', snapshot: '' },
      doing: `repository ${repository.name}`,
      work: async (tools) => {
        const engine = await repository.open(tools);
        if (!engine.traits.can.has('rebuild-index')) {
          throw new SuretyError('repository.cannot', `a ${engine.traits.kind} repository has no index`);
        }
        return { verb: 'rebuild-index' as const, report: await engine.rebuildIndex(tools) };
      },
      judge: ({ report }) => (report.unreadable.length > 0 ? 'warnings' : 'ok'),
    },
    how,
  );
  how.listen({ type: 'run.finished', run, at: how.clock.now(), outcome: ending.outcome });
  if (ending.result === undefined) throw ending.error;
  return ending.result.report;
}

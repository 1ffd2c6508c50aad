/** Before anything else: the `after` hooks of runs that were killed, and the services that they left stopped. */
import type { HookReport } from '../operations/hooks/hook-report.ts';
import { runLeftHooks } from '../operations/hooks/left-hooks.ts';
import { toHookRecord } from '../operations/record.ts';
import type { Call } from './call.ts';
import { hookLine } from './render/hooks.ts';
import type { Session } from './session.ts';

/** Runs them, says so, and returns what became of each. */
export async function finishKilledRuns({ clock }: Call, { platform, warn }: Session): Promise<HookReport[]> {
  const reports = await startServices(platform, warn);
  const recorded: Promise<void>[] = [];
  const record = async (report: HookReport) => {
    const catalog = await platform.catalog();
    await catalog?.recordHook(report.recoveryPoint, toHookRecord(report, clock.now()));
  };
  await runLeftHooks(platform.pendingHooks.left(), {
    clock,
    groundOf: ({ host }) => platform.hookGround(host),
    say: warn,
    finished: (report) => {
      reports.push(report);
      // Of a run that the catalog does not know there is nothing to add to.
      recorded.push(record(report).catch(() => {}));
      if (report.outcome !== 'ok') warn(hookLine(report));
    },
  });
  await Promise.all(recorded);
  return reports;
}

/** A service that was down until now is worth a warning, also when it runs again. */
async function startServices(platform: Session['platform'], warn: Session['warn']): Promise<HookReport[]> {
  const left = await platform.startLeftServices();
  return left.map(({ source, message, error }) => {
    warn(`source ${source}: ${message}${error?.hint === undefined ? '' : `; ${error.hint}`}`);
    const place = { job: '', source, recoveryPoint: '', phase: 'after', number: 1, program: 'start' } as const;
    return { ...place, outcome: error === undefined ? 'warnings' : 'failed', durationMs: 0, error };
  });
}

/** Before anything else: the `after` hooks of runs that were killed. */
import type { HookReport } from '../operations/hook-report.ts';
import { runLeftHooks } from '../operations/left-hooks.ts';
import { toHookRecord } from '../operations/record.ts';
import type { Call } from './call.ts';
import { hookLine } from './render-hooks.ts';
import type { Session } from './session.ts';

/** Runs them, says so, and returns what became of each. */
export async function finishKilledRuns({ clock }: Call, { platform, warn }: Session): Promise<HookReport[]> {
  const reports: HookReport[] = [];
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

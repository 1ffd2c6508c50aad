/** Runs the `after` hooks of runs that were killed. */
import type { Outcome } from '../events.ts';
import { type AfterHow, type HookGround, runAfter } from '../hooks.ts';
import type { DueHooks, LeftHooks } from './pending-hooks.ts';

/** A run that died did not come to its end. */
const DIED: Outcome = 'interrupted';

export interface LeftHow extends AfterHow {
  readonly groundOf: (due: DueHooks) => HookGround;
  /** Told before the hooks of each run that died. */
  readonly say: (message: string) => void;
}

/** Runs what killed runs left. Their failures are told like any others; only what could not be scaled back is tried again by the next run. */
export async function runLeftHooks(left: Iterable<LeftHooks>, how: LeftHow): Promise<void> {
  for (const found of left) {
    using due = found;
    const owner = due.source === '' ? `job ${due.job}` : `source ${due.source}`;
    how.say(
      due.isAgain === true
        ? `run ${due.recoveryPoint} could not scale back what it had scaled for ${owner}: that is tried again now`
        : `run ${due.recoveryPoint} was killed: the after hooks of ${owner} run now`,
    );
    const again = await runAfter(due, how.groundOf(due), DIED, { ...how, isLate: true });
    if (again === undefined) due.forget();
    else due.replace(again);
  }
}

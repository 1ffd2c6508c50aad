/** Does one step of a run, tells about it, and turns whatever happens into an ending that never throws. */
import { SuretyError } from '../base/errors.ts';
import type { Progress } from '../engines/engine.ts';
import type { Warning } from '../sources/source.ts';
import type { OperationHow, Outcome, Run, Step, StepResult } from './events.ts';
import { toSuretyError } from './failure.ts';

export interface StepTools {
  readonly signal: AbortSignal;
  readonly warn: (warning: Warning) => void;
  readonly progress: (progress: Progress) => void;
}

export interface StepEnding<Result> {
  readonly outcome: Outcome;
  readonly result: Result | undefined;
  readonly error: SuretyError | undefined;
  readonly warningCount: number;
  /** The first {@link WARNINGS_KEPT}. */
  readonly warnings: readonly Warning[];
  readonly durationMs: number;
}

export const WARNINGS_KEPT = 1000;

export interface StepWork<Result extends StepResult> {
  readonly run: Run;
  readonly step: Step;
  /** What goes in front of an error's message: `source media into repository vault`. */
  readonly doing: string;
  readonly work: (tools: StepTools) => Promise<Result>;
  /** Whether a result that was reached counts as a failure all the same, such as damage that was found; an error says why. */
  readonly judge?: (result: Result) => Outcome | SuretyError;
}

/** Never throws: a failure is in `error`, an abort makes the outcome `interrupted`. */
export async function runStep<Result extends StepResult>(
  { run, step, doing, work, judge }: StepWork<Result>,
  how: OperationHow,
): Promise<StepEnding<Result>> {
  const startedMs = how.clock.elapsedMs();
  const warnings: Warning[] = [];
  let warningCount = 0;
  const warn = (warning: Warning) => {
    // What breaks because the run is being ended is not worth a word.
    if (how.signal.aborted) return;
    warningCount += 1;
    if (warnings.length < WARNINGS_KEPT) warnings.push(warning);
    how.listen({ type: 'step.warning', run, step, warning });
  };
  const progress = (value: Progress) => how.listen({ type: 'step.progress', run, step, progress: value });
  how.listen({ type: 'step.started', run, step, at: how.clock.now() });
  let result: Result | undefined;
  let error: SuretyError | undefined;
  let judged: Outcome = 'ok';
  try {
    how.signal.throwIfAborted();
    result = await work({ signal: how.signal, warn, progress });
    const judgement = judge?.(result) ?? 'ok';
    if (judgement instanceof SuretyError) throw judgement;
    judged = judgement;
  } catch (thrown) {
    error = toSuretyError(thrown, doing, how.signal);
  }
  const outcome =
    error !== undefined ? outcomeOfError(error) : judged === 'ok' && warningCount > 0 ? 'warnings' : judged;
  const at = how.clock.now();
  const durationMs = Math.round(how.clock.elapsedMs() - startedMs);
  how.listen({ type: 'step.finished', run, step, at, durationMs, outcome, warnings: warningCount, result, error });
  return { outcome, result, error, warningCount, warnings, durationMs };
}

function outcomeOfError(error: SuretyError): Outcome {
  return error.code === 'run.interrupted' ? 'interrupted' : 'failed';
}

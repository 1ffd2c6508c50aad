/** What became of a hook. */
import type { SuretyError } from '../../base/errors.ts';
import type { HookOutcome } from '../../rules/hook.ts';

/** What the hooks belong to; they see it in their environment. */
export interface HookScope {
  /** '' when it is not a job that runs. */
  readonly job: string;
  /** '' for the hooks of the job itself. */
  readonly source: string;
  readonly recoveryPoint: string;
}

/** Which hook. */
export interface HookPlace extends HookScope {
  readonly phase: 'before' | 'after';
  /** From 1, in the order of the configuration. */
  readonly number: number;
  /** Its program where that is plain to see, else ''. */
  readonly program: string;
}

export interface HookReport extends HookPlace {
  /** `warnings`: it failed, and that only makes a warning. */
  readonly outcome: HookOutcome;
  readonly durationMs: number;
  readonly error: SuretyError | undefined;
}

/** `before hook 1 (pg_vacuum) of source db`. */
export function hookName({ phase, number, program, job, source }: Omit<HookPlace, 'recoveryPoint'>): string {
  const owner = source === '' ? `job ${job}` : `source ${source}`;
  return `${phase} hook ${number}${program === '' ? '' : ` (${program})`} of ${owner}`;
}

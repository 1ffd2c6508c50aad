/** Hooks: commands around a backup, and when they are due. */
import type { CommandLine } from '../base/command-line.ts';

/** How a run or a part of it went, as hooks see it. */
export type HookOutcome = 'ok' | 'warnings' | 'failed' | 'interrupted';

export interface Hook {
  readonly run: CommandLine;
  readonly timeoutMs: number;
  /** `abort`: what it belongs to fails. `warn`: it only makes a warning. */
  readonly onFailure: 'abort' | 'warn';
  /** Of an `after` hook: after which endings it runs. */
  readonly when: 'always' | 'success' | 'failure';
}

export interface HookSet {
  readonly before: readonly Hook[];
  /** Run however the work ended, also when a `before` hook failed. */
  readonly after: readonly Hook[];
}

/** A hook that hangs must not hold the run for ever. */
export const HOOK_TIMEOUT_MS = 5 * 60_000;

/** Whether an `after` hook runs after this ending. A run that was interrupted or killed did not succeed. */
export function isDue({ when }: Hook, outcome: HookOutcome): boolean {
  if (when === 'always') return true;
  const succeeded = outcome === 'ok' || outcome === 'warnings';
  return succeeded === (when === 'success');
}

/**
 * What a hook is called in reports: its program where that is plain to see, else nothing. The whole line is never shown: people
 * write addresses and tokens into it.
 */
export function hookProgram({ run }: Hook): string {
  const [first = ''] = typeof run === 'string' ? run.trim().split(/\s+/) : run;
  const name = first.slice(first.lastIndexOf('/') + 1);
  return /^[A-Za-z0-9_.+-]+$/.test(name) ? name : '';
}

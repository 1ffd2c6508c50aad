/** Hooks: commands around a backup, and when they are due. */
import type { CommandLine } from '../base/command-line.ts';
import { shownWorkload, type Workload } from '../base/workload.ts';

/** How a run or a part of it went, as hooks see it. */
export type HookOutcome = 'ok' | 'warnings' | 'failed' | 'interrupted';

export type Hook = CommandHook | ScaleHook;

export interface CommandHook extends HookTerms {
  readonly run: CommandLine;
}

/** Tells a statefulset or deployment how many pods to have, and waits for it. */
export interface ScaleHook extends HookTerms {
  readonly scale: Workload;
  /** `former`: as many as it had before a hook of the same run scaled it. */
  readonly to: number | 'former';
  /** What a hook of the same run had told it to have meanwhile; undefined: that is not known. */
  readonly from?: number;
  /** Name of the host whose cluster it is in; undefined: the host that the hooks run on. */
  readonly host: string | undefined;
}

interface HookTerms {
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

export function isScaling(hook: Hook): hook is ScaleHook {
  return 'scale' in hook;
}

/** The `after` hooks, those that scale the same workload back now knowing how many pods it had. */
export function withFormer(hooks: readonly Hook[], { scale, host, to }: ScaleHook, former: number): readonly Hook[] {
  return hooks.map((hook) =>
    isScaling(hook) && hook.to === 'former' && hook.host === host && shownWorkload(hook.scale) === shownWorkload(scale)
      ? { ...hook, to: former, ...(to === 'former' ? {} : { from: to }) }
      : hook,
  );
}

/** Whether an `after` hook runs after this ending. A run that was interrupted or killed did not succeed. */
export function isDue(hook: Hook, outcome: HookOutcome): boolean {
  const { when } = hook;
  // What was never scaled is not scaled back.
  if (isScaling(hook) && hook.to === 'former') return false;
  if (when === 'always') return true;
  const succeeded = outcome === 'ok' || outcome === 'warnings';
  return succeeded === (when === 'success');
}

/**
 * What a hook is called in reports: its program where that is plain to see, else nothing. The whole line is never shown: people
 * write addresses and tokens into it.
 */
export function hookProgram(hook: Hook): string {
  if (isScaling(hook)) return `scale ${shownWorkload(hook.scale)}`;
  const { run } = hook;
  const [first = ''] = typeof run === 'string' ? run.trim().split(/\s+/) : run;
  const name = first.slice(first.lastIndexOf('/') + 1);
  return /^[A-Za-z0-9_.+-]+$/.test(name) ? name : '';
}

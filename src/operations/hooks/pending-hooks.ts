/**
 * `after` hooks that are due. They are remembered from before the first `before` hook until they have run, so that they run even
 * if this process is killed in between: the next process finds them.
 */
import type { Hook } from '../../rules/hook.ts';

/** The `after` hooks of one job or source in one run. */
export interface DueHooks {
  readonly job: string;
  /** '' for those of the job itself. */
  readonly source: string;
  readonly recoveryPoint: string;
  /** Name of the host they run on. */
  readonly host: string;
  /** As they were when the run began: they undo what its `before` hooks did. */
  readonly hooks: readonly Hook[];
  /** They have run and did not undo what they were to undo; undefined: they have not run. */
  readonly isAgain?: true;
}

export interface Remembered {
  /** They have run. */
  forget(): void;
}

/** Where they are remembered; durable when `remember` returns. Throws nothing: what can not be remembered is warned about. */
export interface PendingHooks {
  remember(due: DueHooks): Remembered;
}

/** What a process that is gone left behind. Held by nobody else until disposed of. */
export interface LeftHooks extends DueHooks, Remembered, Disposable {
  /** Keeps these for the next process instead. */
  replace(due: DueHooks): void;
}

/** Name of the lock that the run holds: while it is held, the hooks are the run's own business. */
export function lockOf({ job, source }: Pick<DueHooks, 'job' | 'source'>): string {
  return job === '' ? sourceLock(source) : job;
}

/** Names of the locks of a run: of its job, and of each of its sources, which no two runs read at the same time. */
export function locksOf(job: string, sources: readonly string[]): string[] {
  return [...(job === '' ? [] : [job]), ...sources.toSorted().map(sourceLock)];
}

function sourceLock(source: string): string {
  return `source ${source}`;
}

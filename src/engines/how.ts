/** What every verb of an engine is given. Part of the port `engine.ts`, from which others take it. */

export interface How {
  readonly signal: AbortSignal;
}

export interface ProgressHow {
  readonly progress?: (progress: Progress) => void;
}

/** Totals so far; `total` values grow while they are not known yet. Called at most about ten times a second. */
export interface Progress {
  readonly phase: 'scan' | 'read' | 'write' | 'check' | 'repack' | 'delete';
  readonly items: number;
  readonly totalItems?: number | undefined;
  readonly sizeBytes: number;
  readonly totalBytes?: number | undefined;
  /** What is being worked on. */
  readonly current?: string | undefined;
}

/** What messages are made of: a run as it ended, and those of the same kind before it. */
export type Ending = 'ok' | 'warnings' | 'failed' | 'interrupted';

/** A run that has ended, or that could not begin. */
export interface RunFacts {
  /** `backup`, `verify`, … */
  readonly verb: string;
  /** '' when it was not run for a job. */
  readonly job: string;
  readonly id: string;
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly outcome: Ending;
  readonly parts: readonly PartFacts[];
  /** False when nothing was done because something stood in the way. */
  readonly begun: boolean;
}

/** One source into one repository, one repository verified or cleaned up, one snapshot restored, or one hook. */
export interface PartFacts {
  /** Tells parts of several runs from each other. */
  readonly key: string;
  /** For people, short: `sessions`. */
  readonly name: string;
  /** For people: `sessions into vault`. */
  readonly label: string;
  readonly outcome: Ending;
  /** What became of it when it went well: `1.2 GiB, snapshot abcd1234`; '' when there is nothing to say. */
  readonly result: string;
  readonly error: ErrorFacts | undefined;
  readonly warningCount: number;
  /** The first of them. */
  readonly warnings: readonly WarningFacts[];
}

export interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | undefined;
}

export interface WarningFacts {
  readonly code: string;
  readonly message: string;
}

/** An earlier run of the same verb. */
export interface PastRun {
  readonly job: string;
  readonly startedAt: Date;
  /** `killed`: its process ended without a word; `running`: it has not ended. */
  readonly outcome: Ending | 'killed' | 'running';
  /** Undefined: which parts it had is not known. */
  readonly parts: ReadonlyMap<string, PastPart> | undefined;
}

export interface PastPart {
  readonly outcome: Ending;
  /** Of its error; '' when it has none. */
  readonly code: string;
}

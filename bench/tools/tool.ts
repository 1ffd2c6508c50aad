/** What is measured, in this order. `day-two` comes after the data set has moved on by one day. */
export const STEPS = ['init', 'first', 'unchanged', 'day-two', 'verify', 'restore'] as const;
export type Step = (typeof STEPS)[number];

/** Folders of one tool for one data set. */
export interface Place {
  /** What is backed up. */
  readonly data: string;
  /** The tool's own: repository, caches, configuration. */
  readonly home: string;
  /** Where the repository is; its size is measured. */
  readonly repository: string;
  /** Where `restore` writes; exists and is empty. */
  readonly target: string;
}

export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Tool {
  readonly name: string;
  /** Prints the version. */
  readonly version: readonly string[];
  /** Writes what the tool needs before `init`, such as a configuration. Not measured. */
  prepare?(place: Place): void;
  /** The command of a step, or undefined when the tool has no such step. */
  command(step: Step, place: Place): Command | undefined;
  /** Where in the target the data of `place.data` arrives. */
  restored(place: Place): string;
}

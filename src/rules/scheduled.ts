/** A command that is to be run again and again. */
export interface Scheduled {
  /** `backup nightly`, `cleanup`: unique. */
  readonly name: string;
  readonly verb: string;
  /** '' for what is not run for a job. */
  readonly job: string;
  /** Of `surety`, after its global options: `['backup', 'nightly']`. */
  readonly args: readonly string[];
  /** Five cron fields, or a name such as `@daily`; valid. */
  readonly schedule: string;
  /** Undefined: that of the machine it runs on. */
  readonly timeZone: string | undefined;
  /** Names of the variables that secrets come from. */
  readonly variables: readonly string[];
}

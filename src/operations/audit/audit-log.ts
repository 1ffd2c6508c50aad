/**
 * The port of the audit log: who had what done, and what came of it. Lines are only added. A command that changes something or gives
 * backed-up data out leaves a `begin` before its work and an `end` after it, so that one that was killed shows too.
 *
 * The format is described in `docs/audit-log.md`. No record contains a secret: of options only the values that name things are
 * kept, and errors are the code of a `SuretyError`.
 */
export interface AuditLog {
  /** For people: the folder it is in. */
  readonly location: string;
  /** Durable when it returns. Several processes may do so at once. Throws `audit.failed`. */
  append(record: AuditRecord): void;
  /** Oldest first. Throws `audit.failed` where it can not be read; where there is no log there are no lines. */
  lines(): Iterable<AuditLine>;
}

export interface AuditLine {
  readonly file: string;
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** What was given on the command line: of what does not name anything only that it was given. */
export type Asked = Readonly<Record<string, string | number | boolean | readonly string[]>>;

interface AuditHead {
  /** Of the shape of these records. */
  readonly format: 1;
  /** What all records of one command share. */
  readonly entry: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface AuditBegin extends AuditHead {
  readonly type: 'begin';
  readonly command: string;
  readonly asked: Asked;
  readonly user: string;
  /** The user behind `sudo` or `doas`, as these say; '' without them. */
  readonly behind: string;
  readonly host: string;
  readonly processId: number;
  /** Of Surety. */
  readonly version: string;
}

/** These snapshots are about to be removed. */
export interface AuditRemove extends AuditHead {
  readonly type: 'remove';
  readonly repository: string;
  readonly count: number;
  /** The first {@link IDS_MAX}. */
  readonly ids: readonly string[];
}

export interface AuditEnd extends AuditHead {
  readonly type: 'end';
  readonly exitCode: number;
  /** Code of the error that ended the command; '' when none did. */
  readonly error: string;
  readonly stepCount: number;
  /** What was done with what, the first {@link STEPS_MAX}. */
  readonly steps: readonly AuditStep[];
  /** Id of the key that was added, changed or removed. */
  readonly key?: string;
}

export interface AuditStep {
  readonly repository: string;
  /** '' when it was about the whole repository. */
  readonly source: string;
  /** '' when there is none. */
  readonly snapshot: string;
  readonly outcome: string;
  /** Code of its error; '' when it had none. */
  readonly error: string;
  /** Where a restore went to. */
  readonly target?: string;
}

export type AuditRecord = AuditBegin | AuditRemove | AuditEnd;

export const IDS_MAX = 500;
export const STEPS_MAX = 200;

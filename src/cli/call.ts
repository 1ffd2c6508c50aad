/** One call of a command: what the person said, where answers go, and the answer itself. */
import type { Command } from 'commander';
import type { Clock } from '../base/clock.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Terminal } from './terminal.ts';

/** Options that every command has. */
export interface Globals {
  readonly config: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly progress: boolean;
  /** False: what is kept of remote repositories on this machine is not used. */
  readonly cache: boolean;
}

export interface Call {
  readonly globals: Globals;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** What the command leaves in the audit log. */
  readonly trail: AuditTrail;
}

/** What a command hands back. */
export interface Answer {
  readonly exitCode: number;
  /** What `--json` prints; must have no secrets. */
  readonly document: object;
  /** What a person reads; '' for nothing. Ends with a line break. */
  readonly text: string;
  /** The text is the content of a file: not a byte of it is changed for the terminal. */
  readonly exact?: boolean;
}

/** Makes a commander action of a function that takes the call, then the command's arguments and options. */
export type Act = <Values extends readonly unknown[]>(
  perform: (call: Call, ...values: Values) => Promise<Answer>,
) => (...values: [...Values, Command]) => Promise<void>;

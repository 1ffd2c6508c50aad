/**
 * One command at the far end of a connection, as a transport (ssh, the programming interface of Kubernetes) gives it: what `far-command.ts`
 * makes a {@link import('./reach.ts').Process} of.
 *
 * Contract for transports:
 * - The command is always {@link FAR_COMMAND}, whatever is to run: what is to run goes through `stdin`. It begins in a session or process
 *   group of its own, as sshd and container runtimes see to, because that group is what is ended there after an abort.
 * - `stdout` and `stderr` are bytes, untouched, with back-pressure: what nobody reads stops the command sooner or later. Destroying
 *   `stdout` closes it there, or makes the transport drop what still comes.
 * - Ending `stdin` is the end of input there. Writing to a command that has ended is no error of `stdin`.
 * - Both end, or are destroyed, when nothing more can come. `ended` resolves then, or when the connection is lost; it never rejects.
 */
import type { Readable, Writable } from 'node:stream';
import type { SuretyError } from '../base/errors.ts';

export interface FarChannel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the command has ended or the connection is lost. */
  readonly ended: Promise<void>;
  /** Why the command ended without saying so: asked once `ended` has resolved. One of the codes of `reach.ts`. */
  failure(facts: FarFailureFacts): SuretyError;
  /** Gives up what is still open; `ended` resolves soon. May be called at any time, and again. */
  close(): void;
}

export interface FarFailureFacts {
  /** What came on stderr outside of the marks: words of the transport's own program and of a login shell; the end of it. */
  readonly words: string;
  /** What came on stdout before the first mark; the beginning of it. */
  readonly noise: string;
  /** Whether the shell there had begun to do what it was told. */
  readonly started: boolean;
}

/** Another host, as far as starting commands there is concerned. */
export interface FarEnd {
  /** For messages: `host main`. */
  readonly location: string;
  /** How long a command may take to begin, connecting included. */
  readonly startMs: number;
  /** Starts {@link FAR_COMMAND} there. Rejects with the codes of `reach.ts`, or with the signal's reason; nothing is left open then. */
  open(how: { readonly signal: AbortSignal }): Promise<FarChannel>;
}

/**
 * What is started on another host, always: a shell that reads one line and does what it says. Nothing secret is in any argument or in the
 * audit log of a cluster, and whatever shell an account has understands it (sh, fish, csh): as words joined by spaces with the last one in
 * single quotes, see {@link FAR_COMMAND_LINE}.
 */
export const FAR_COMMAND = ['sh', '-c', 'IFS= read -r _surety; eval "$_surety"'] as const;

/** {@link FAR_COMMAND} for a login shell. */
export const FAR_COMMAND_LINE = `sh -c '${FAR_COMMAND[2]}'`;

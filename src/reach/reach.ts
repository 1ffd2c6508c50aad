/**
 * The port for the place where a source lives: run a command there, stream bytes to and from it.
 *
 * Contract:
 * - `exec` never goes through a shell: argv is passed as it is. Secrets go in `env` or `stdin`, never in argv.
 * - The streams of a {@link Process} have back-pressure: nothing is read from the child faster than it is consumed. A child whose stdout
 *   nobody consumes may therefore wait for ever; a caller that leaves the loop early closes the pipe.
 * - `exit` resolves for every ending, also a signal or a failed start, and never rejects; the caller decides what is an error. A
 *   caller that takes stdout as data checks `exit` before it counts the data as complete.
 * - stdout ends where the child's output ends, but throws `exit`'s error when the child could not be started, and the signal's
 *   reason when that was aborted before the end.
 * - Aborting the signal ends the child and what it started (SIGTERM, then SIGKILL after `killAfterMs`), and `exit` still resolves.
 * - When `stdin` throws, the child is ended before its stdin is closed: it must not take half of its input for the whole.
 *
 * Error codes: `reach.not-found` (no such program), `reach.denied`, `reach.unreachable` (retry later), `reach.failed`.
 */
export interface Reach extends AsyncDisposable {
  readonly traits: ReachTraits;
  exec(argv: readonly string[], how: ExecHow): Process;
}

export interface ReachTraits {
  /** `local`, `ssh`, `kubernetes`. */
  readonly kind: string;
  /** The host's name as snapshots show it. */
  readonly host: string;
  /** True when paths of this host can be opened directly by this process. */
  readonly localFiles: boolean;
}

export interface ExecHow {
  readonly signal: AbortSignal;
  /** Variables added to the host's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Sent to the child's stdin, then closed. Default: closed at once. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Time between SIGTERM and SIGKILL after an abort. Default 5,000. */
  readonly killAfterMs?: number;
}

export interface Process {
  readonly stdout: AsyncIterable<Uint8Array>;
  /** The last 64 KiB of stderr as text; complete once `exit` has resolved. */
  stderr(): string;
  readonly exit: Promise<Exit>;
}

export interface Exit {
  /** Null when a signal ended the child. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when the program could not be started (a `SuretyError` with one of the codes above), or when its stdin threw (that error). */
  readonly error?: unknown;
}

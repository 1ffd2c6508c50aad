import type { Workload } from '../base/workload.ts';

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
 * - What is started on another host looks the same as here: no word of a login shell gets into its streams, a connection that breaks is an
 *   `error` of the exit and never an exit code, and what was started is ended there as well when the signal is aborted.
 *
 * Error codes: `reach.not-found` (no such program), `reach.denied` (not let in, or may not be run), `reach.unreachable` (retry later),
 * `reach.unknown-host-key`, `reach.changed-host-key`, `reach.no-pod`, `reach.failed`.
 */
export interface Reach extends AsyncDisposable {
  readonly traits: ReachTraits;
  exec(argv: readonly string[], how: ExecHow): Process;
  /** Who answers there, to notice when it is another one than the last time. Missing for this machine. */
  identity?(how: { readonly signal: AbortSignal }): Promise<HostIdentity>;
  /** What can be scaled where the host is. Missing where there is nothing of the kind. */
  readonly workloads?: Workloads;
  /** The way there for programs that find it by themselves, such as `rsync`. Missing where only `exec` leads there. */
  readonly shell?: RemoteShell;
}

export interface HostIdentity {
  /** Address it was reached at; undefined: not to be known. */
  readonly address: string | undefined;
  /** Fingerprint of its host key, or a pod's unique id. */
  readonly key: string | undefined;
}

/** Statefulsets and deployments beside a pod. They can be scaled whether the pod is there or not. */
export interface Workloads {
  /** How many pods it is told to have. */
  replicas(workload: Workload, how: { readonly signal: AbortSignal }): Promise<number>;
  /**
   * Tells it how many pods to have, and resolves when so many are ready and all others are gone. What may succeed later is tried until the
   * signal is aborted.
   */
  scale(workload: Workload, replicas: number, how: ScaleHow): Promise<void>;
}

export interface ScaleHow {
  readonly signal: AbortSignal;
  /** Told how far it is, whenever that changes. */
  readonly tell?: (state: string) => void;
}

/** How `ssh` is called for a host; `rsync -e` and `BORG_RSH` take this. */
export interface RemoteShell {
  /** The program and its options, without the host. */
  readonly argv: readonly string[];
  /** The host as `ssh` is given it, with the account where that is said. */
  readonly destination: string;
  /** Variables for the call. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ReachTraits {
  /** `local`, `ssh`, `kubernetes`. */
  readonly kind: string;
  /** The host's name as snapshots show it: this machine's own, of others their name in the configuration. */
  readonly host: string;
  /** True when paths of this host can be opened directly by this process. */
  readonly localFiles: boolean;
  /** True where another one may take its place between two commands, as with a pod; `identity` tells. */
  readonly replaceable?: boolean;
}

export interface ExecHow {
  readonly signal: AbortSignal;
  /** Variables added to the host's own environment. They are in no argument on the way there. */
  readonly env?: Readonly<Record<string, string | HostValue>>;
  /** Default: this process's own folder; on another host the one in which commands begin there. */
  readonly cwd?: string | undefined;
  /** Sent to the child's stdin, then closed. Default: closed at once. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Told all that it writes to stderr, as it comes, of which {@link Process.stderr} keeps the end only. The memory of a chunk is used again. */
  readonly said?: (chunk: Uint8Array) => void;
  /** Time between SIGTERM and SIGKILL after an abort. Default 5,000. */
  readonly killAfterMs?: number;
}

/**
 * A value that is on the host and does not leave it: of a variable there, or the text of a file there without the line ends at its end. Where
 * there is none, the program is not started, and the exit's error is `reach.failed`.
 */
export type HostValue = { readonly variable: string } | { readonly file: string };

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

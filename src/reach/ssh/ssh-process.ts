/** Processes of the system's `ssh`. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { variables } from '../../base/environment.ts';
import { SSH_PROGRAM, SSH_VARIABLES } from '../../base/ssh-command.ts';

/** How it ended; `startError`: it was never there. */
export interface SshExit {
  readonly code: number | null;
  readonly startError?: unknown;
}

export interface SshProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<SshExit>;
  /** SIGTERM, and SIGKILL when that does not help. May be called again. */
  kill(): void;
}

const KILL_AFTER_MS = 2000;
const AGAIN_AFTER_MS = 25;

/**
 * Starts ssh. It leads a session of its own: it has no terminal to ask at, and Ctrl-C does not reach it before us. With `folder`, it ends with
 * this process however that ends, also by SIGKILL, and the folder (if it is not '') is removed then; without, somebody else sees to that.
 */
export function startSsh(
  argv: readonly string[],
  { folder }: { readonly folder?: string | undefined } = {},
): SshProcess {
  const guarded = folder !== undefined;
  const words = guarded ? ['sh', '-c', GUARD, 'sh', folder, SSH_PROGRAM, ...argv] : [SSH_PROGRAM, ...argv];
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe', guarded ? 'pipe' : 'ignore'],
    detached: true,
    env: { ...variables(), ...SSH_VARIABLES },
  });
  const lifeline = guarded ? (child.stdio[3] as Writable) : undefined;
  lifeline?.on('error', () => undefined);
  const ended = outcome(child);
  void ended.then(() => lifeline?.end('over\n'));
  const { stdin, stdout, stderr } = child as { stdin: Writable; stdout: Readable; stderr: Readable };
  stdin.on('error', () => undefined);
  return { stdin, stdout, stderr, ended, kill: () => kill(child, ended) };
}

/**
 * A shell that becomes ssh and leaves a guard behind: the guard reads from a pipe that only this process holds, and that therefore ends when
 * this process does. A line on it says that nothing is left to be done.
 */
const GUARD = '{ read -r _ || { kill "$$"; rm -rf -- "$1"; }; } <&3 >/dev/null 2>&1 & shift; exec 3<&-; exec "$@"';

function outcome(child: ChildProcess): Promise<SshExit> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, startError: error });
    });
    child.once('exit', (code) => resolve({ code }));
  });
}

function kill(child: ChildProcess, ended: Promise<SshExit>): void {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  // One that comes just before ssh begins to wait is noticed only with the next.
  const again = setInterval(() => child.kill('SIGTERM'), AGAIN_AFTER_MS);
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  void ended.then(() => {
    clearInterval(again);
    clearTimeout(timer);
  });
}

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { hostName, variable, variables } from '../base/environment.ts';
import { messageOf, SuretyError, systemCode } from '../base/errors.ts';
import { openTail } from '../base/streams.ts';
import type { ExecHow, Exit, HostValue, Process, Reach } from './reach.ts';

const STDERR_BYTES = 1 << 16;
const KILL_AFTER_MS = 5000;
/** How long output is waited for after the child ended: something it left running may hold the pipe open for ever. */
const LAST_OUTPUT_MS = 1000;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** This machine. */
export function openLocal(): Reach {
  return {
    traits: { kind: 'local', host: hostName(), localFiles: true },
    exec,
    async [Symbol.asyncDispose]() {},
  };
}

function exec(argv: readonly string[], how: ExecHow): Process {
  if (how.signal.aborted) return notStarted(how.signal.reason);
  let child: Child;
  try {
    child = start(argv, how);
  } catch (error) {
    return notStarted(startFailure(argv, how, error));
  }
  const stderr = openTail(STDERR_BYTES);
  child.stderr.on('data', (chunk: Uint8Array) => {
    stderr.add(chunk);
    how.said?.(chunk);
  });
  // Node lets go what comes from a child that has ended, unless somebody listens.
  child.stdout.on('readable', () => undefined);
  let failure: { readonly error: unknown } | undefined;
  const ended = outcome(child, (error) => {
    failure = { error: startFailure(argv, how, error) };
  });
  const stopKilling = killOnAbort(child, how, ended);
  feed(child, how).catch((error: unknown) => {
    failure ??= { error };
    end(child, how, ended);
  });
  const exit = ended.then((result) => {
    stopKilling();
    child.stdin.destroy();
    if (how.signal.aborted) child.stdout.destroy();
    return failure === undefined ? result : { ...result, error: failure.error };
  });
  return { stdout: output(child, how, exit), stderr: () => stderr.text(), exit };
}

/** The child leads a process group of its own, so that what it starts can be ended with it. */
function start(argv: readonly string[], how: ExecHow): Child {
  const [program, ...rest] = argv;
  if (program === undefined || program === '') throw new SuretyError('reach.failed', 'no program to run was given');
  return spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...variables(), ...valuesHere(how.env) },
    ...(how.cwd === undefined ? {} : { cwd: how.cwd }),
  });
}

/** On this machine, what is on the host is at hand. */
function valuesHere(env: ExecHow['env'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, typeof value === 'string' ? value : valueHere(value)]),
  );
}

function valueHere(from: HostValue): string {
  if ('variable' in from) {
    const value = variable(from.variable);
    if (value === undefined) throw new SuretyError('reach.failed', `variable ${from.variable} is not set`);
    return value;
  }
  try {
    return readFileSync(from.file, 'utf8').replace(/\n+$/, '');
  } catch (error) {
    throw new SuretyError('reach.failed', `file ${from.file} can not be read: ${systemCode(error)}`, { cause: error });
  }
}

function startFailure(argv: readonly string[], how: ExecHow, error: unknown): SuretyError {
  if (error instanceof SuretyError) return error;
  const program = argv[0] ?? '';
  const code = systemCode(error);
  if (code === 'ENOENT') {
    const where = how.cwd === undefined ? '' : ` (or folder ${how.cwd} does not exist)`;
    return new SuretyError('reach.not-found', `program ${program} was not found${where}`, {
      hint: `install ${program}, or give its full path`,
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new SuretyError('reach.denied', `program ${program} may not be run by this user`, { cause: error });
  }
  return new SuretyError('reach.failed', `program ${program} could not be started: ${messageOf(error)}`, {
    cause: error,
  });
}

function notStarted(error: unknown): Process {
  const exit: Exit = { code: null, signal: null, error };
  const stdout: AsyncIterable<Uint8Array> = {
    // biome-ignore lint/correctness/useYield: it throws before there is anything to yield
    async *[Symbol.asyncIterator]() {
      throw error;
    },
  };
  return { stdout, stderr: () => '', exit: Promise.resolve(exit) };
}

/** Resolves when the child has ended and its stderr is read, or could not be started. */
function outcome(child: Child, onStartFailure: (error: unknown) => void): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      onStartFailure(error);
      resolve({ code: null, signal: null });
    });
    child.once('exit', (code, signal) => {
      const result: Exit = { code, signal };
      if (child.stderr.closed) return resolve(result);
      const timer = setTimeout(() => {
        child.stderr.destroy();
        resolve(result);
      }, LAST_OUTPUT_MS);
      child.stderr.once('close', () => {
        clearTimeout(timer);
        resolve(result);
      });
    });
  });
}

async function* output(child: Child, how: ExecHow, exit: Promise<Exit>): AsyncGenerator<Uint8Array> {
  // Also after the child ended: what it left running may hold the pipe open.
  const close = (): void => void child.stdout.destroy();
  how.signal.addEventListener('abort', close, { once: true });
  try {
    for await (const chunk of child.stdout) {
      how.signal.throwIfAborted();
      yield chunk as Uint8Array;
    }
  } catch (error) {
    how.signal.throwIfAborted();
    if (child.pid !== undefined) throw outputFailure(error);
  } finally {
    how.signal.removeEventListener('abort', close);
  }
  how.signal.throwIfAborted();
  if (child.pid === undefined) throw (await exit).error;
}

function outputFailure(error: unknown): SuretyError {
  return new SuretyError('reach.failed', `output of a program could not be read: ${messageOf(error)}`, {
    cause: error,
  });
}

/** Sends `how.stdin`. A child that closes its stdin early is no error: its exit code tells. Throws what the input throws. */
async function feed(child: Child, how: ExecHow): Promise<void> {
  const input = how.stdin?.[Symbol.asyncIterator]();
  let open = true;
  let wake: (() => void) | undefined;
  const closed = (): void => {
    open = false;
    wake?.();
    // The input may never have another chunk; nobody waits for it.
    input?.return?.()?.catch(() => undefined);
  };
  child.stdin.on('error', () => undefined).once('close', closed);
  for (let next = await input?.next(); open && next !== undefined && next.done !== true; next = await input?.next()) {
    if (child.stdin.write(next.value)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
      child.stdin.once('drain', resolve);
    });
  }
  child.stdin.end();
}

/** Ends the child once the signal is aborted; returns how to stop listening. */
function killOnAbort(child: Child, how: ExecHow, ended: Promise<Exit>): () => void {
  const abort = (): void => end(child, how, ended);
  how.signal.addEventListener('abort', abort, { once: true });
  return () => how.signal.removeEventListener('abort', abort);
}

function end(child: Child, how: ExecHow, ended: Promise<Exit>): void {
  kill(child, 'SIGTERM');
  const timer = setTimeout(() => kill(child, 'SIGKILL'), how.killAfterMs ?? KILL_AFTER_MS);
  void ended.then(() => {
    clearTimeout(timer);
    killGroup(child, 'SIGKILL');
  });
}

function kill(child: Child, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (!killGroup(child, signal)) child.kill(signal);
}

function killGroup(child: Child, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

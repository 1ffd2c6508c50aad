import {
  commandArguments,
  SSH_PROGRAM,
  SSH_VARIABLES,
  type SshTimes,
  shellArguments,
  tellingArguments,
} from '../../base/ssh-command.ts';
import { collectBytes, openTail } from '../../base/streams.ts';
import { FAR_COMMAND_LINE, type FarChannel, type FarEnd } from '../far-channel.ts';
import { execFar } from '../far-command.ts';
import type { HostIdentity, Reach } from '../reach.ts';
import { SshConnection } from './connection.ts';
import { connectFailure, lostConnection, type SshHost, silentAccount } from './failure.ts';
import type { Master } from './master.ts';
import type { SshOptions } from './options.ts';
import { type SshExit, startSsh } from './ssh-process.ts';
import { identityOf } from './telling.ts';

/**
 * Another host, through the system's `ssh`. Nothing is connected to before it is needed. All commands share one connection (many at a time: a few),
 * which ends when this is disposed of, and when this process ends in whatever way.
 */
export async function openSsh(host: { readonly name: string; readonly options: SshOptions }): Promise<Reach> {
  const { name, options } = host;
  const times: SshTimes = { connectMs: options.connectTimeoutMs, silentMs: options.idleTimeoutMs };
  const connection = await SshConnection.open(host, times);
  const far: FarEnd = {
    location: `host ${name}`,
    startMs: times.connectMs + times.silentMs,
    open: (how) => openChannel(host, times, connection, how.signal),
  };
  const exec: Reach['exec'] = (argv, how) => execFar(far, argv, how);
  return {
    traits: { kind: 'ssh', host: name, localFiles: false },
    exec,
    async identity({ signal }) {
      const master = await abortable(connection.master(), signal);
      const found = master?.identity ?? (await askAlone(host, times, signal));
      return found.address === undefined ? { ...found, address: await addressThere(exec, signal) } : found;
    },
    shell: {
      argv: [SSH_PROGRAM, ...shellArguments(options, times, connection.socket)],
      destination: options.host,
      env: SSH_VARIABLES,
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

async function openChannel(
  host: SshHost,
  times: SshTimes,
  connection: SshConnection,
  signal: AbortSignal,
): Promise<FarChannel> {
  const session = await abortable(connection.session(), signal, (late) => late?.leave());
  const child = startSsh(commandArguments(host.options, FAR_COMMAND_LINE, times, session?.socket), { folder: '' });
  const { stdin, stdout, stderr } = child;
  let exit: SshExit = { code: null };
  let isGivenUp = false;
  const ended = child.ended.then(async (result) => {
    exit = result;
    session?.leave();
    if (result.code !== 0) await lastWords(session?.master);
  });
  return connection.keep({
    ...{ stdin, stdout, stderr, ended },
    failure({ words, noise, started }) {
      const ofMaster = session?.master.isAlive() === false ? session.master.words() : '';
      if (started) return lostConnection(host, ofMaster === '' ? lastLines(words) : ofMaster);
      if (isGivenUp && session?.master.isAlive() === true) return silentAccount(host, noise);
      return connectFailure(host, { ...exit, words: `${words}\n${ofMaster}`, noise });
    },
    close() {
      isGivenUp = true;
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
      child.kill();
    },
  });
}

const LAST_WORDS_MS = 300;

/** Before them there may be words of the program that ran. */
function lastLines(words: string): string {
  return words.trimEnd().split('\n').slice(-2).join('\n');
}

/** A command ends a moment before the connection that it was lost with, and that one knows why. */
async function lastWords(master: Master | undefined): Promise<void> {
  await Promise.race([master?.ended, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
}

/** Who is there, where connections are not shared: by a connection for nothing else. */
async function askAlone(host: SshHost, times: SshTimes, signal: AbortSignal): Promise<HostIdentity> {
  signal.throwIfAborted();
  const child = startSsh(tellingArguments(host.options, 'true', times), { folder: '' });
  const stop = (): void => child.kill();
  signal.addEventListener('abort', stop, { once: true });
  try {
    child.stdin.end();
    child.stdout.resume();
    const tail = openTail(1 << 15);
    for await (const chunk of child.stderr) tail.add(chunk as Uint8Array);
    const exit = await child.ended;
    signal.throwIfAborted();
    const found = identityOf(tail.text());
    if (found.key === undefined || exit.code === 255) throw connectFailure(host, { ...exit, words: tail.text() });
    return found;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The address that the host itself was reached at, as its sshd says; undefined where it does not. */
async function addressThere(exec: Reach['exec'], signal: AbortSignal): Promise<string | undefined> {
  const process = exec(['sh', '-c', 'printf %s "$SSH_CONNECTION"'], { signal });
  const text = Buffer.from(await collectBytes(process.stdout)).toString();
  return /^\S+ \d+ (\S+) \d+$/.exec(text)?.[1];
}

/** Waits no longer than the signal allows; what comes later is given to `late`. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal, late?: (value: T) => void): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } catch (error) {
    if (signal.aborted) promise.then(late, () => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

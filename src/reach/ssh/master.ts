/** The one connection to a host that all commands share. */
import { existsSync, rmSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { masterArguments, type SshTimes } from '../../base/ssh-command.ts';
import { openTail } from '../../base/streams.ts';
import type { HostIdentity } from '../reach.ts';
import { connectFailure, lateConnection, type SshHost } from './failure.ts';
import { type SshExit, type SshProcess, startSsh } from './ssh-process.ts';
import { identityOf } from './telling.ts';

export interface Master {
  isAlive(): boolean;
  readonly identity: HostIdentity;
  /** What it wrote last. */
  words(): string;
  /** Resolves when the connection is gone and its last words are there. */
  readonly ended: Promise<SshExit>;
  /** Ends the connection, and all that runs over it. */
  close(): Promise<void>;
}

/** Where the connection is listened for: a socket in a folder that goes with it. */
export interface MasterPlace {
  readonly socket: string;
  readonly folder: string;
  /** Gives up while it is not connected yet. */
  readonly signal: AbortSignal;
}

const WORDS_BYTES = 1 << 15;
const LOOK_EVERY_MS = 10;
const LAST_WORDS_MS = 500;
/** What ssh says of itself where it can not listen. */
const CANNOT_SHARE = /ControlPath|ControlSocket|unix_listener|muxserver_listen|disabling multiplexing/;

/** Connects, and listens. Undefined: `ssh` can not share connections here. Fails with the port's codes. */
export async function openMaster(host: SshHost, times: SshTimes, place: MasterPlace): Promise<Master | undefined> {
  // One that was killed leaves its socket, and nothing listens there.
  rmSync(place.socket, { force: true });
  const child = startSsh(masterArguments(host.options, times, place.socket), { folder: place.folder });
  const tail = openTail(WORDS_BYTES);
  const words = (): string => tail.text();
  child.stderr.on('data', (chunk: Uint8Array) => tail.add(chunk));
  child.stdout.resume();
  child.stdin.end();
  let exit: SshExit | undefined;
  const ended = afterLastWords(child).then((result) => {
    exit = result;
    return result;
  });
  const isAlive = (): boolean => exit === undefined;
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  const giveUpAt = systemClock.elapsedMs() + times.connectMs + times.silentMs;
  while (isAlive() && !existsSync(place.socket)) {
    const isLate = systemClock.elapsedMs() > giveUpAt || place.signal.aborted;
    if (isLate || cannotShare(words())) {
      await close();
      if (isLate) throw lateConnection(host);
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  // What it said before it listened is there by now, and on a busy machine not read yet.
  await new Promise((resolve) => setImmediate(resolve));
  if (exit === undefined) return { isAlive, identity: identityOf(words()), words, ended, close };
  if (cannotShare(words())) return undefined;
  throw connectFailure(host, { ...exit, words: words() });
}

/** Talk of `-v` names the socket also where all is well. */
function cannotShare(words: string): boolean {
  return words.split('\n').some((line) => !line.startsWith('debug') && CANNOT_SHARE.test(line));
}

async function afterLastWords({ stderr, ended }: SshProcess): Promise<SshExit> {
  const closed = new Promise((resolve) => stderr.once('close', resolve));
  const exit = await ended;
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
  return exit;
}

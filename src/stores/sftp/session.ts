import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { systemClock } from '../../base/clock.ts';
import { variables } from '../../base/environment.ts';
import { SSH_PROGRAM, SSH_VARIABLES } from '../../base/ssh-command.ts';
import { openTail } from '../../base/streams.ts';
import { connectionFailure, type Ending } from './failure.ts';
import { fieldsOf, openPacketCutter, PACKET, packet, u32 } from './wire.ts';

/** One `ssh` process that speaks SFTP: requests go out as they come, answers are matched by id. */
export interface Session {
  /** Names of the extensions that the server offers. */
  readonly extensions: ReadonlySet<string>;
  /** False once no request can succeed any more. */
  isOpen(): boolean;
  /**
   * Sends a request and resolves to the body of the answer (type, id, fields). `payload` follows the fields without being copied; it must
   * not change before the answer. Rejects with {@link SuretyError} when the connection ends.
   */
  request(type: number, fields: readonly Uint8Array[], payload?: Uint8Array): Promise<Buffer>;
  /** Ends the process; what is under way fails. */
  close(): Promise<void>;
}

export interface SessionHow {
  /** Arguments of ssh. */
  readonly argv: readonly string[];
  /** For messages. */
  readonly location: string;
  readonly connectMs: number;
  /** Longest time without an answer while one is due. */
  readonly idleMs: number;
}

interface Waiting {
  resolve(answer: Buffer): void;
  reject(error: unknown): void;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const STDERR_BYTES = 1 << 15;
/** How long the process may take to end by itself once its input is closed. */
const CLOSE_MS = 2000;
const VERSION = 3;

/** Starts ssh and shakes hands. Fails with the port's codes. */
export async function openSession(how: SessionHow): Promise<Session> {
  const child = start(how.argv);
  const stderr = openTail(STDERR_BYTES);
  const cutter = openPacketCutter();
  const waiting = new Map<number, Waiting>();
  const extensions = new Set<string>();
  let stopReason: Ending['reason'] | undefined;
  let failure: unknown;
  let greeted = false;
  let lastId = 0;
  let heardMs = systemClock.elapsedMs();
  let timer: NodeJS.Timeout | undefined;
  let greet: Waiting | undefined;
  const greeting = new Promise<Buffer>((resolve, reject) => {
    greet = { resolve, reject };
  });

  const ended = outcome(child).then((exit) => {
    clearTimeout(timer);
    const said = stderr.text();
    const noise = greeted ? '' : cutter.rest().toString('latin1');
    failure = connectionFailure({ ...exit, reason: stopReason, stderr: said, noise, greeted }, how.location);
    greet?.reject(failure);
    for (const one of waiting.values()) one.reject(failure);
    waiting.clear();
  });

  function stop(reason: Ending['reason']): void {
    stopReason ??= reason;
    kill(child, 'SIGKILL');
  }

  function receive(body: Buffer): void {
    heardMs = systemClock.elapsedMs();
    if (!greeted) {
      welcome(body);
      return;
    }
    const id = body.readUInt32BE(1);
    const one = waiting.get(id);
    waiting.delete(id);
    one?.resolve(body);
  }

  function welcome(body: Buffer): void {
    if (body[0] !== PACKET.version || body.length < 5) throw new RangeError('no greeting');
    greeted = true;
    greet?.resolve(body);
  }

  /** While an answer is due, something must be heard. */
  function watch(): void {
    if (timer !== undefined) return;
    heardMs = systemClock.elapsedMs();
    const look = (): void => {
      timer = undefined;
      if (waiting.size === 0) return;
      const silentMs = systemClock.elapsedMs() - heardMs;
      if (silentMs >= how.idleMs) stop('silent');
      else timer = setTimeout(look, how.idleMs - silentMs);
    };
    timer = setTimeout(look, how.idleMs);
  }

  const send = openSender(child.stdin);
  child.stderr.on('data', (chunk: Uint8Array) => stderr.add(chunk));
  child.stdout.on('data', (chunk: Buffer) => {
    try {
      for (const body of cutter.add(chunk)) receive(body);
    } catch {
      stop('garbled');
    }
  });

  const session: Session = {
    extensions,
    isOpen: () => failure === undefined && stopReason === undefined,
    request(type, fields, payload) {
      if (failure !== undefined) return Promise.reject(failure);
      lastId = lastId === 0xffffffff ? 1 : lastId + 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        send(packet(type, [u32(id), ...fields], payload?.length), payload);
        watch();
      });
    },
    async close() {
      stopReason ??= 'closed';
      child.stdin.end();
      const impatient = setTimeout(() => kill(child, 'SIGKILL'), CLOSE_MS);
      await ended;
      clearTimeout(impatient);
    },
  };

  send(packet(PACKET.init, [u32(VERSION)]));
  const late = setTimeout(() => stop('late'), how.connectMs);
  try {
    const fields = fieldsOf(await greeting, 5);
    while (fields.more()) {
      extensions.add(fields.text());
      fields.bytes();
    }
  } finally {
    clearTimeout(late);
  }
  return session;
}

/** The child leads a session of its own: it has no terminal to ask at, and Ctrl-C does not reach it before us. */
function start(argv: readonly string[]): Child {
  return spawn(SSH_PROGRAM, argv, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...variables(), ...SSH_VARIABLES },
  });
}

/** Writes that come in one turn leave in one system call. */
function openSender(stdin: Writable): (head: Buffer, payload?: Uint8Array) => void {
  let corked = false;
  // Who ended tells why: a broken pipe does not.
  stdin.on('error', () => undefined);
  return (head, payload) => {
    if (!corked) {
      corked = true;
      stdin.cork();
      process.nextTick(() => {
        corked = false;
        stdin.uncork();
      });
    }
    stdin.write(head);
    if (payload !== undefined) stdin.write(payload);
  };
}

type Exit = Pick<Ending, 'code' | 'startError'>;

/** Resolves when the process has ended and its last words are read, or when it could not be started. */
function outcome(child: Child): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, startError: error });
    });
    child.once('close', (code) => resolve({ code }));
    // Something that ssh left running may hold its pipes open.
    child.once('exit', (code) => setTimeout(() => resolve({ code }), 1000).unref());
  });
}

function kill(child: Child, signal: 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

/** The streams of a command in a container, over one WebSocket, with back-pressure in both directions. */
import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { SuretyError } from '../../base/errors.ts';
import { frameHead } from '../../base/framed-input.ts';
import type { FarChannel, FarFailureFacts } from '../far-channel.ts';
import { type Ending, endingFailure, endingOf } from './ending.ts';
import { watchLiveness } from './liveness.ts';

export interface ExecChannelHow {
  /** For messages: `host main`. */
  readonly location: string;
  readonly idleTimeoutMs: number;
  /** Whether input travels as frames. */
  readonly isFramed: boolean;
  /** What became of the container when a command ended against expectation; undefined: nothing that is known. */
  readonly fate: () => Promise<string | undefined>;
  /** Whether the container still runs as it did. */
  readonly isStillThere: () => Promise<boolean>;
}

/** First byte of each message: which stream it is of. Of `CLOSE`, the second byte names the stream that has ended. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;
const PIECE_BYTES = 64 << 10;
const WINDOW_BYTES = 256 << 10;
/** How long the other side may take to close what has ended. */
const CLOSE_MS = 1000;

/** To be called before anything can have arrived. */
export function execChannel(socket: WebSocket, how: ExecChannelHow): FarChannel {
  const full = new Set<Readable>();
  const stdout = incoming(socket, full);
  const stderr = incoming(socket, full);
  let ending: Ending | undefined;
  let lost: string | undefined;
  let fate: string | undefined;
  let isClosed = false;
  let hasOpened = false;
  const ended = Promise.withResolvers<void>();
  const stdin = outgoing(socket, how.isFramed, () => liveness.sent());
  const finish = (): void => {
    if (!stdout.destroyed) stdout.push(null);
    if (!stderr.destroyed) stderr.push(null);
  };
  const liveness = watchLiveness(socket, {
    idleTimeoutMs: how.idleTimeoutMs,
    isStillThere: how.isStillThere,
    lost(why) {
      lost ??= why;
      socket.terminate();
    },
  });

  socket.on('message', (data: Buffer) => {
    const rest = data.subarray(1);
    if (data[0] === CHANNEL.stdout) receive(stdout, rest, socket, full);
    else if (data[0] === CHANNEL.stderr) receive(stderr, rest, socket, full);
    else if (data[0] === CHANNEL.status && rest.length > 0) {
      ending = endingOf(rest);
      finish();
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    }
  });
  socket.once('open', () => {
    hasOpened = true;
  });
  socket.on('error', ({ message }) => {
    lost ??= message;
  });
  socket.once('close', async (code, reason) => {
    if (ending === undefined && code !== 1006) lost ??= reason.toString('utf8') || `closed with code ${code}`;
    stdin.destroy();
    const isExpected = isClosed || !hasOpened || (ending !== undefined && !ending.isKilled);
    if (!isExpected) fate = await how.fate();
    finish();
    ended.resolve();
  });

  return {
    ...{ stdin, stdout, stderr, ended: ended.promise },
    failure: (facts: FarFailureFacts): SuretyError => endingFailure({ ending, lost, fate }, facts, how.location),
    close() {
      isClosed = true;
      socket.terminate();
    },
  };
}

function incoming(socket: WebSocket, full: Set<Readable>): Readable {
  const resume = (stream: Readable): void => {
    if (full.delete(stream) && full.size === 0 && socket.readyState === socket.OPEN) socket.resume();
  };
  const stream = new Readable({
    highWaterMark: WINDOW_BYTES,
    read: () => resume(stream),
    destroy(error, done) {
      resume(stream);
      done(error);
    },
  });
  stream.on('error', () => undefined);
  return stream;
}

/** What nobody wants any more is dropped. While one of the streams is full, nothing is taken off the line. */
function receive(stream: Readable, bytes: Buffer, socket: WebSocket, full: Set<Readable>): void {
  if (bytes.length === 0 || stream.destroyed || stream.readableEnded || stream.push(bytes)) return;
  full.add(stream);
  socket.pause();
}

/** Each write ends when the system has taken it. What is written after the end is lost, as it is in a pipe. */
function outgoing(socket: WebSocket, isFramed: boolean, sent: () => void): Writable {
  const send = (...parts: readonly Uint8Array[]): Promise<void> => {
    sent();
    return new Promise((resolve) => {
      // Not at once: an input without end would leave no time to notice that nobody takes it any more.
      if (socket.readyState !== socket.OPEN) return void setImmediate(resolve);
      socket.send(Buffer.concat([Buffer.of(CHANNEL.stdin), ...parts]), () => resolve());
    });
  };
  return new Writable({
    highWaterMark: WINDOW_BYTES,
    write(chunk: Buffer, _encoding, done) {
      const pieces = Array.from({ length: Math.ceil(chunk.length / PIECE_BYTES) }, (_, index) =>
        chunk.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
      );
      const all = pieces.map((piece) => (isFramed ? send(frameHead(piece.length), piece) : send(piece)));
      void Promise.all(all).then(() => done());
    },
    final(done) {
      if (isFramed) return void send(frameHead(0)).then(() => done());
      if (socket.readyState !== socket.OPEN) return done();
      socket.send(Buffer.of(CHANNEL.close, CHANNEL.stdin), () => done());
    },
  });
}

/** Runs programs at the far end of a connection so that it looks the same as here. */
import { hasCode, SuretyError } from '../base/errors.ts';
import { randomHex } from '../base/ids.ts';
import type { FarChannel, FarEnd } from './far-channel.ts';
import { feedFar } from './far-feed.ts';
import { endFarGroup, endLostGroup, within } from './far-group.ts';
import { openFarOutput } from './far-output.ts';
import { openFarReport } from './far-report.ts';
import { markPrefix, runLine } from './far-script.ts';
import type { ExecHow, Exit, Process } from './reach.ts';

const KILL_AFTER_MS = 5000;
/** How long the rest is waited for after the program ended: something it left running may hold the streams open for ever. */
const LAST_OUTPUT_MS = 1000;
/** How long a program may go on whose output nobody reads any more. */
const UNREAD_MS = 2000;
/** How long an output that nobody has begun to read is kept after the program ended. */
const KEPT_MS = 5000;

/** Of a program that writes to nobody; some transports give up what is left as well. */
const BROKEN_PIPE: Exit = { code: null, signal: 'SIGPIPE' };

/**
 * `Reach.exec` on another host: what the port promises, over any transport. What is to run is one line on stdin; marks in the streams tell
 * where the program's own output begins and ends, which process group to end, and how the program ended. A program that a signal ended
 * has the code that shells give it: 128 and the signal's number.
 */
export function execFar(far: FarEnd, argv: readonly string[], how: ExecHow): Process {
  const run = new FarRun(far, argv, how);
  const exit = run.follow();
  return { stdout: run.output(exit), stderr: () => run.stderr(), exit };
}

class FarRun {
  readonly #far: FarEnd;
  readonly #argv: readonly string[];
  readonly #how: ExecHow;
  readonly #nonce = randomHex(16);
  readonly #report;
  readonly #output;
  readonly #opening = Promise.withResolvers<FarChannel | undefined>();
  #isRead = false;
  #isLeft = false;
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;

  constructor(far: FarEnd, argv: readonly string[], how: ExecHow) {
    this.#far = far;
    this.#argv = argv;
    this.#how = how;
    this.#report = openFarReport(markPrefix(this.#nonce), how.said);
    this.#output = openFarOutput(markPrefix(this.#nonce), far.location);
  }

  stderr(): string {
    return this.#report.stderr();
  }

  /** Starts the program and stays with it to the end; never rejects. */
  async follow(): Promise<Exit> {
    const { signal } = this.#how;
    try {
      signal.throwIfAborted();
      const line = runLine(this.#nonce, this.#argv, this.#how);
      const channel = await this.#far.open({ signal });
      if (signal.aborted) channel.close();
      signal.throwIfAborted();
      this.#opening.resolve(channel);
      return await this.#attend(channel, line);
    } catch (error) {
      this.#opening.resolve(undefined);
      return { code: null, signal: null, error: signal.aborted ? signal.reason : error };
    }
  }

  async #attend(channel: FarChannel, line: Uint8Array): Promise<Exit> {
    const { signal } = this.#how;
    const report = this.#report;
    const end = (): void => void this.#end(channel);
    signal.addEventListener('abort', end, { once: true });
    // Node lets go what comes from a child that has ended, unless somebody listens.
    channel.stdout.on('readable', () => undefined);
    try {
      const reading = report.read(channel.stderr);
      void this.#requireBeginning(channel);
      feedFar(channel.stdin, line, { input: this.#how.stdin, exited: report.exited }).catch((error: unknown) => {
        this.#failure ??= { error };
        end();
      });
      const closed = channel.ended.then(() => within(reading, LAST_OUTPUT_MS));
      await Promise.race([closed, report.exited.then(() => within(closed, LAST_OUTPUT_MS))]);
      await this.#ending;
      const outcome = this.#outcome(channel);
      if (this.#report.hasBegun() && this.#isCutOff(outcome)) await endLostGroup(this.#far, await this.#report.began);
      return outcome;
    } finally {
      signal.removeEventListener('abort', end);
      channel.stdin.destroy();
      if (signal.aborted || this.#ending !== undefined) channel.close();
      else if (!this.#isRead) setTimeout(() => this.#isRead || channel.close(), KEPT_MS).unref();
    }
  }

  async #requireBeginning(channel: FarChannel): Promise<void> {
    let isOver = false;
    void channel.ended.then(() => {
      // What it said may still have to be read.
      isOver = true;
    });
    await within(Promise.race([this.#report.began, channel.ended]), this.#far.startMs);
    if (!isOver && !this.#report.hasBegun()) channel.close();
  }

  #outcome(channel: FarChannel): Exit {
    const { signal, cwd } = this.#how;
    const [program = ''] = this.#argv;
    const ended: Exit = { code: null, signal: 'SIGTERM' };
    if (this.#failure !== undefined) return { ...ended, error: this.#failure.error };
    if (signal.aborted) return ended;
    const code = this.#report.exitCode();
    const problem = this.#report.problem(program, cwd, this.#far.location);
    if (problem !== undefined) return { code: null, signal: null, error: problem };
    if (code !== undefined) return { code, signal: null };
    if (this.#ending !== undefined) return ended;
    return this.#isLeft ? BROKEN_PIPE : { code: null, signal: null, error: this.#lost(channel) };
  }

  /** By the connection, and not by anybody here. */
  #isCutOff({ error }: Exit): boolean {
    return hasCode(error, 'reach.unreachable') && this.#ending === undefined && this.#failure === undefined;
  }

  #lost(channel: FarChannel): SuretyError {
    const started = this.#report.hasBegun();
    return channel.failure({ words: this.#report.words(), noise: this.#output.noise(), started });
  }

  /** Ends the program there; resolves when that is done. */
  #end(channel: FarChannel): Promise<void> {
    this.#ending ??= this.#endGroup(channel).finally(() => channel.close());
    return this.#ending;
  }

  async #endGroup(channel: FarChannel): Promise<void> {
    const { began, exited } = this.#report;
    const killAfterMs = this.#how.killAfterMs ?? KILL_AFTER_MS;
    // Closing the connection before it has begun would let it run with half of its input.
    await within(Promise.race([began, channel.ended]), killAfterMs);
    if (!this.#report.hasBegun()) return;
    const ended = Promise.race([exited, channel.ended]);
    await endFarGroup(this.#far, await began, { ended, killAfterMs });
  }

  async *output(exit: Promise<Exit>): AsyncGenerator<Uint8Array> {
    const channel = await this.#opening.promise;
    if (channel === undefined) throw (await exit).error;
    this.#isRead = true;
    let isWhole: boolean | undefined;
    try {
      isWhole = yield* this.#whole(channel);
      this.#requireGood(channel, await exit, isWhole);
    } finally {
      if (isWhole !== undefined) void within(channel.ended, LAST_OUTPUT_MS).then(() => channel.close());
      else if (!this.#how.signal.aborted) this.#leave(channel);
    }
  }

  /**
   * The output until its end, or until the signal is aborted. What still comes then is read and dropped: closing stdout could end the command
   * before it has told how to end what it started, and an output that nobody reads keeps that from ending.
   */
  async *#whole(channel: FarChannel): AsyncGenerator<Uint8Array, boolean> {
    const { signal } = this.#how;
    const chunks = this.#output.read(channel.stdout);
    let stop: ((reason: unknown) => void) | undefined;
    const abort = (): void => stop?.(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      for (;;) {
        signal.throwIfAborted();
        const next = await new Promise<IteratorResult<Uint8Array, boolean>>((resolve, reject) => {
          stop = reject;
          chunks.next().then(resolve, reject);
        });
        if (next.done === true) return next.value;
        yield next.value;
      }
    } catch (error) {
      if (signal.aborted || error instanceof SuretyError) throw error;
      return false;
    } finally {
      signal.removeEventListener('abort', abort);
      if (signal.aborted) void drop(chunks);
    }
  }

  /** Output that ends too early must not look like all of it. */
  #requireGood(channel: FarChannel, { error }: Exit, whole: boolean): void {
    this.#how.signal.throwIfAborted();
    if (this.#failure !== undefined) return;
    if (error !== undefined) throw error;
    if (!whole && this.#ending === undefined) throw this.#lost(channel);
  }

  /** Nobody reads any more: what writes ends by itself, where the transport tells it. */
  #leave(channel: FarChannel): void {
    this.#isLeft = true;
    channel.stdout.destroy();
    const ended = Promise.race([this.#report.exited, channel.ended]).then(() => true);
    void Promise.race([ended, within(ended, UNREAD_MS).then(() => false)]).then((isOver) => {
      if (!isOver) void this.#end(channel);
    });
  }
}

async function drop(chunks: AsyncIterator<unknown>): Promise<void> {
  try {
    while ((await chunks.next()).done !== true);
  } catch {
    // Nobody is interested any more.
  }
}

/** One connection that several commands share: made when it is first needed, and again when it was lost. */
import type { SshTimes } from '../../base/ssh-command.ts';
import type { SshHost } from './failure.ts';
import { type Master, type MasterPlace, openMaster } from './master.ts';

export class SharedLine implements AsyncDisposable {
  readonly socket: string;
  readonly #host: SshHost;
  readonly #times: SshTimes;
  readonly #place: MasterPlace;
  #opening: Promise<Master | undefined> | undefined;
  #master: Master | undefined;
  #sessions = 0;

  /** Connects to nothing yet. */
  constructor(host: SshHost, times: SshTimes, place: MasterPlace) {
    this.#host = host;
    this.#times = times;
    this.#place = place;
    this.socket = place.socket;
  }

  /** Commands that run over it, or are about to. */
  get sessions(): number {
    return this.#sessions;
  }

  /** The connection, or undefined where none can be shared. Fails with the port's codes. */
  async master(): Promise<Master | undefined> {
    if (this.#master?.isAlive() === true) return this.#master;
    // Several that find the connection lost make one new one.
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  /** Counts a command; what is returned ends that. */
  enter(): () => void {
    this.#sessions += 1;
    let isIn = true;
    return () => {
      if (isIn) this.#sessions -= 1;
      isIn = false;
    };
  }

  async #connect(): Promise<Master | undefined> {
    this.#master = await openMaster(this.#host, this.#times, this.#place);
    return this.#master;
  }

  /** After the signal of its place was aborted. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opening?.catch(() => undefined);
    await this.#master?.close();
  }
}

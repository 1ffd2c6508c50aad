/** How commands get to a host: over one shared connection, or each over its own. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, variable } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { openPrivateFolder, type PrivateFolder } from '../../base/private-folder.ts';
import type { SshTimes } from '../../base/ssh-command.ts';
import type { FarChannel } from '../far-channel.ts';
import type { SshHost } from './failure.ts';
import { type Master, openMaster } from './master.ts';

/**
 * The shared connection of a host: made when it is first needed, and again when it was lost. A server allows ten sessions on one connection by
 * default (`MaxSessions`); what comes on top of {@link SHARED_SESSIONS} gets a connection of its own.
 */
export class SshConnection implements AsyncDisposable {
  readonly socket: string;
  readonly #host: SshHost;
  readonly #times: SshTimes;
  readonly #folder: PrivateFolder;
  #opening: Promise<Master | undefined> | undefined;
  #master: Master | undefined;
  #canShare = true;
  readonly #closing = new AbortController();
  #sessions = 0;
  readonly #channels = new Set<FarChannel>();

  private constructor(host: SshHost, times: SshTimes, folder: PrivateFolder) {
    this.#host = host;
    this.#times = times;
    this.#folder = folder;
    this.socket = join(folder.path, 'm');
  }

  /** Connects to nothing yet. */
  static async open(host: SshHost, times: SshTimes): Promise<SshConnection> {
    return new SshConnection(host, times, await openPrivateFolder('ssh', folderForSockets()));
  }

  /** The connection, or undefined where there can be none that is shared. Fails with the port's codes. */
  async master(): Promise<Master | undefined> {
    if (this.#master?.isAlive() === true) return this.#master;
    if (this.#closing.signal.aborted) {
      throw new SuretyError('reach.failed', `the way to host ${this.#host.name} is closed`);
    }
    if (!this.#canShare) return undefined;
    // Several that find the connection lost make one new one.
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  /** A place on the shared connection while there is one; `leave` gives it back. */
  async session(): Promise<{ readonly master: Master; leave(): void } | undefined> {
    if (this.#sessions >= SHARED_SESSIONS) return undefined;
    this.#sessions += 1;
    const leave = (): void => {
      this.#sessions -= 1;
    };
    try {
      const master = await this.master();
      if (master !== undefined) return { master, leave };
    } catch (error) {
      leave();
      throw error;
    }
    leave();
    return undefined;
  }

  /** Ends with the connection, also where it has one of its own. */
  keep(channel: FarChannel): FarChannel {
    this.#channels.add(channel);
    void channel.ended.then(() => this.#channels.delete(channel));
    return channel;
  }

  async #connect(): Promise<Master | undefined> {
    const place = { socket: this.socket, folder: this.#folder.path };
    this.#master = await openMaster(this.#host, this.#times, { ...place, signal: this.#closing.signal });
    this.#canShare = this.#master !== undefined;
    return this.#master;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#opening?.catch(() => undefined);
    for (const channel of this.#channels) channel.close();
    await this.#master?.close();
    await Promise.all([...this.#channels].map(({ ended }) => ended));
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Two are left for ending what others started. */
const SHARED_SESSIONS = 8;
/** The path of a socket has at most 103 bytes on some systems, and ssh adds 17 to it while it makes one. */
const LONGEST_FOLDER = 42;

function folderForSockets(): string {
  const candidates = [variable('XDG_RUNTIME_DIR') ?? '', temporaryFolder(), '/tmp'];
  return (
    candidates.find((path) => path !== '' && Buffer.byteLength(path) <= LONGEST_FOLDER && isFolder(path)) ?? '/tmp'
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

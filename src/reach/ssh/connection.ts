/** How commands get to a host: over connections that they share, or each over its own. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder, variable } from '../../base/environment.ts';
import { SuretyError } from '../../base/errors.ts';
import { openPrivateFolder, type PrivateFolder } from '../../base/private-folder.ts';
import type { SshTimes } from '../../base/ssh-command.ts';
import type { FarChannel } from '../far-channel.ts';
import type { SshHost } from './failure.ts';
import type { Master } from './master.ts';
import { SharedLine } from './shared-line.ts';

/** A place for a command on a connection that it shares with others; `leave` gives it back. */
export interface Session {
  readonly master: Master;
  readonly socket: string;
  leave(): void;
}

/**
 * The connections to a host. A server allows ten sessions on one by default (`MaxSessions`): there is another one only while the first has
 * {@link SESSIONS} of them, or none that is shared, where that is not possible.
 */
export class SshConnection implements AsyncDisposable {
  readonly #host: SshHost;
  readonly #times: SshTimes;
  readonly #folder: PrivateFolder;
  readonly #lines: SharedLine[] = [];
  readonly #closing = new AbortController();
  readonly #channels = new Set<FarChannel>();
  #canShare = true;

  private constructor(host: SshHost, times: SshTimes, folder: PrivateFolder) {
    this.#host = host;
    this.#times = times;
    this.#folder = folder;
    this.#addLine();
  }

  /** Connects to nothing yet. */
  static async open(host: SshHost, times: SshTimes): Promise<SshConnection> {
    return new SshConnection(host, times, await openPrivateFolder('ssh', folderForSockets()));
  }

  /** Of the first connection. */
  get socket(): string {
    return this.#lines[0]!.socket;
  }

  /** The first connection, or undefined where none can be shared. Fails with the port's codes. */
  async master(): Promise<Master | undefined> {
    return await this.#masterOf(this.#lines[0]!);
  }

  /** Undefined where connections can not be shared. Fails with the port's codes. */
  async session(): Promise<Session | undefined> {
    const line = this.#lines.find(({ sessions }) => sessions < SESSIONS) ?? this.#addLine();
    const leave = line.enter();
    try {
      const master = await this.#masterOf(line);
      if (master !== undefined) return { master, socket: line.socket, leave };
    } catch (error) {
      leave();
      throw error;
    }
    leave();
    return undefined;
  }

  /** Ends with the connections, also where it has one of its own. */
  keep(channel: FarChannel): FarChannel {
    this.#channels.add(channel);
    void channel.ended.then(() => this.#channels.delete(channel));
    return channel;
  }

  async #masterOf(line: SharedLine): Promise<Master | undefined> {
    if (this.#closing.signal.aborted) {
      throw new SuretyError('reach.failed', `the way to host ${this.#host.name} is closed`);
    }
    if (!this.#canShare) return undefined;
    const master = await line.master();
    this.#canShare = master !== undefined;
    return master;
  }

  #addLine(): SharedLine {
    const { path: folder } = this.#folder;
    const socket = join(folder, `m${this.#lines.length}`);
    const line = new SharedLine(this.#host, this.#times, { socket, folder, signal: this.#closing.signal });
    this.#lines.push(line);
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const channel of this.#channels) channel.close();
    await Promise.all(this.#lines.map((line) => line[Symbol.asyncDispose]()));
    await Promise.all([...this.#channels].map(({ ended }) => ended));
    // What can not be removed now is removed by the next run; nothing has failed for it.
    await this.#folder[Symbol.asyncDispose]().then(undefined, () => undefined);
  }
}

/** Two are left for programs that find the way by themselves. */
const SESSIONS = 8;
/** The path of a socket has at most 103 bytes on some systems, and ssh adds 17 to it while it makes one. */
const LONGEST_FOLDER = 40;

function folderForSockets(): string {
  const candidates = [variable('XDG_RUNTIME_DIR') ?? '', temporaryFolder(), '/tmp'];
  return (
    candidates.find((path) => path !== '' && Buffer.byteLength(path) <= LONGEST_FOLDER && isFolder(path)) ?? '/tmp'
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

import { retry } from '../../base/retry.ts';
import { subsystemArguments } from '../../base/ssh-command.ts';
import { checkKey, checkPrefix } from '../key.ts';
import type { Body, How, PutHow, Range, Store, Stored } from '../store.ts';
import { openConnections } from './connections.ts';
import { openDeleter } from './delete.ts';
import { type Room, sftpFailure } from './failure.ts';
import { listFiles, statOrGone } from './list.ts';
import { type SftpStoreOptions, shownSftp } from './options.ts';
import { putFile } from './put.ts';
import { readFileRange, streamFileRange } from './read.ts';
import { removeEmptyFolders } from './remove-folders.ts';
import { isFile, statFileSystem } from './requests.ts';
import { openRoot } from './root.ts';
import { openSession, type Session } from './session.ts';
import { touchFile } from './touch-file.ts';
import { openUnfinished } from './unfinished.ts';

const CONNECTIONS = 4;
/** Calls at once for each connection. */
const CALLS = 4;
const PART_BYTES = 8 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 120_000;
const NEVER = new AbortController().signal;

export interface SftpHow {
  /** Make the folder when it is missing. */
  readonly create: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A folder of an SFTP server as a store, with the same files as a local one: each key is a file of that name below it, unfinished files
 * are in `tmp/`. The connections are processes of the system's `ssh`, made when they are needed.
 *
 * Opening does not connect, unless the folder is to be made.
 */
export async function openSftpStore(options: SftpStoreOptions, how: SftpHow): Promise<Store> {
  const location = shownSftp(options);
  const root = openRoot(options.path, location);
  const most = options.connections ?? CONNECTIONS;
  const connections = openConnections(() => connect(options, location, root.prepare), most);
  const unfinished = openUnfinished(connections, root);
  const use = connections.use;
  const touch = (signal: AbortSignal) => use(signal, (session) => touchFile(session, root, unfinished));
  const deleter = openDeleter(connections, root, async () => void (await touch(NEVER)));
  const settings = { partBytes: options.partSizeBytes ?? PART_BYTES, parallel: most };
  let conditionalPut = true;
  const onWithoutLinks = (): void => {
    conditionalPut = false;
  };
  const explain = (error: unknown, key: string, how: How) => translated(error, `write ${key}`, how.signal);
  const place = { connections, root, unfinished, onWithoutLinks, explain };

  /** Native errors become the port's; what an aborted call throws is the signal's reason. */
  async function translated(error: unknown, action: string, signal: AbortSignal): Promise<unknown> {
    if (signal.aborted) return signal.reason;
    const room = (): Promise<Room | undefined> => use(signal, (session) => statFileSystem(session, root.at('')));
    return await sftpFailure(error, action, location, room);
  }

  async function call<T>(action: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      throw await translated(error, action, signal);
    }
  }

  function keyed<T>(verb: string, key: string, how: How, run: () => Promise<T>): Promise<T> {
    return call(`${verb} ${key}`, how.signal, run);
  }

  async function* each<T>(action: string, how: How, items: (session: Session) => AsyncIterable<T>): AsyncGenerator<T> {
    how.signal.throwIfAborted();
    try {
      using leased = await connections.lease(how.signal);
      yield* items(leased.session);
    } catch (error) {
      throw await translated(error, action, how.signal);
    }
  }

  const store: Store = {
    traits: {
      kind: 'sftp',
      location,
      connections: most * CALLS,
      get conditionalPut() {
        return conditionalPut;
      },
      remote: true,
    },

    async put(key: string, body: Body, how: PutHow) {
      checkKey(key);
      await keyed('write', key, how, () => putFile(place, key, body, how, settings));
    },

    async read(key: string, range: Range | undefined, how: How) {
      checkKey(key);
      return await keyed('read', key, how, () =>
        use(how.signal, (session) => readFileRange(session, root, key, range, how)),
      );
    },

    async *stream(key: string, range: Range | undefined, how: How) {
      checkKey(key);
      yield* each(`read ${key}`, how, (session) => streamFileRange(session, root, key, range, how));
    },

    async stat(key: string, how: How) {
      checkKey(key);
      return await keyed('look at', key, how, () => use(how.signal, (session) => statFile(session, key)));
    },

    async *list(prefix: string, how: How) {
      checkPrefix(prefix);
      const action = `list ${prefix === '' ? 'all files' : prefix}`;
      yield* each(action, how, (session) => listFiles(session, root, prefix, how));
    },

    async delete(key: string, how: How) {
      checkKey(key);
      await keyed('delete', key, how, () => deleter.delete(key, how));
    },

    freeBytes: (how: How) =>
      call('look for free space', how.signal, async () => {
        const found = await use(how.signal, (session) => statFileSystem(session, root.at('')));
        return found?.freeBytes ?? Number.POSITIVE_INFINITY;
      }),

    trials: {
      async destroy(prefix: string, how: How) {
        checkPrefix(prefix);
        const top = prefix.replace(/\/$/, '');
        for await (const { key } of store.list(prefix, how)) await store.delete(key, how);
        await call(`remove ${prefix}`, how.signal, () =>
          use(how.signal, (session) =>
            top === '' ? Promise.resolve() : removeEmptyFolders(session, root, root.at(top)),
          ),
        );
        return 0;
      },
    },

    serverTime: (how: How) => call('look at the clock', how.signal, () => touch(how.signal)),

    async [Symbol.asyncDispose]() {
      try {
        await call('delete files', NEVER, () => deleter.settle());
        await unfinished.settle();
      } finally {
        await connections[Symbol.asyncDispose]();
      }
    },
  };

  async function statFile(session: Session, key: string): Promise<Stored | undefined> {
    const found = await statOrGone(session, root, root.at(key));
    if (found !== undefined && isFile(found)) {
      return { key, sizeBytes: found.sizeBytes, modifiedAt: found.modifiedAt };
    }
    await root.require(session);
    return undefined;
  }

  if (how.create) {
    const signal = how.signal ?? NEVER;
    try {
      await retry(() => call('make the folder', signal, () => use(signal, root.create)), { signal });
    } catch (error) {
      await connections[Symbol.asyncDispose]();
      throw error;
    }
  }
  return store;
}

async function connect(
  options: SftpStoreOptions,
  location: string,
  prepare: (session: Session) => Promise<void>,
): Promise<Session> {
  const connectMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const idleMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const target = { ...options, configFile: options.sshConfig };
  const argv = subsystemArguments(target, 'sftp', { connectMs, silentMs: idleMs });
  // ssh itself stops waiting for a host at the time-out; to log in may take some time too.
  const session = await openSession({ argv, location, connectMs: 2 * connectMs, idleMs });
  try {
    await prepare(session);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

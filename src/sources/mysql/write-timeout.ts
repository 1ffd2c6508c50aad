import type { Server } from './client.ts';
import { openSession, type Tools } from './tools.ts';

/** A dump waits for the repository; the server gives up a connection that takes nothing for as long as this, by default a minute. */
const ENOUGH_SECONDS = 86_400;

/**
 * Raises `net_write_timeout` for connections that begin before the returned thing is disposed of: the dump programs have no option for
 * theirs. Where the user may not do that, nothing happens.
 */
export async function raiseWriteTimeout(server: Server, tools: Tools, signal: AbortSignal): Promise<AsyncDisposable> {
  const doing = `${server.source}: reading`;
  const session = openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
  try {
    const [[before = ''] = []] = await session.query('SELECT @@GLOBAL.net_write_timeout');
    // Another run may have raised it at this moment; it puts back what was there.
    if (Number(before) < ENOUGH_SECONDS) {
      await session.query(`SET GLOBAL net_write_timeout = ${ENOUGH_SECONDS}`);
      return {
        async [Symbol.asyncDispose]() {
          await session.query(`SET GLOBAL net_write_timeout = ${Number(before)}`).catch(() => undefined);
          await session[Symbol.asyncDispose]();
        },
      };
    }
  } catch {
    signal.throwIfAborted();
  }
  await session[Symbol.asyncDispose]();
  return { async [Symbol.asyncDispose]() {} };
}

/** Whether {@link raiseWriteTimeout} can do something: without it, no dump may wait for another one for long. */
export async function mayRaiseWriteTimeout(server: Server, tools: Tools, signal: AbortSignal): Promise<boolean> {
  const doing = `${server.source}: reading`;
  await using session = openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
  try {
    await session.query('SET GLOBAL net_write_timeout = @@GLOBAL.net_write_timeout');
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

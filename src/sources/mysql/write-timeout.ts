import type { Server } from './client.ts';
import type { Session } from './session.ts';
import { openSession, type Tools } from './tools.ts';

/**
 * A dump waits for the repository; the server gives up a connection that takes nothing for as long as `net_write_timeout` says, by default a
 * minute. What it is raised to says what it was: a run that could not put it back is made up for by the next.
 */
const RAISED_SECONDS = 10_000_000;
/** What is so long already is left alone. */
const ENOUGH_SECONDS = 86_400;
const PATIENCE_MS = 10_000;

/**
 * Raises `net_write_timeout` for connections that begin before the returned thing is disposed of: the dump programs have no option for
 * theirs. Where the user may not do that, nothing happens.
 */
export async function raiseWriteTimeout(server: Server, tools: Tools, signal: AbortSignal): Promise<AsyncDisposable> {
  const session = openTimeoutSession(server, tools, signal);
  try {
    const [[found = ''] = []] = await session.query('SELECT @@GLOBAL.net_write_timeout');
    const before = Number(found) >= RAISED_SECONDS ? Number(found) - RAISED_SECONDS : Number(found);
    if (before < ENOUGH_SECONDS) {
      const back = `SET GLOBAL net_write_timeout = ${before}`;
      await session.query(`SET GLOBAL net_write_timeout = ${RAISED_SECONDS + before}`);
      return {
        async [Symbol.asyncDispose]() {
          // A session that was aborted or cut off can not do it any more.
          await session.query(back).catch(() => putBackAnew(server, tools, back));
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

function openTimeoutSession(server: Server, tools: Tools, signal: AbortSignal): Session {
  const doing = `${server.source}: reading`;
  return openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
}

async function putBackAnew(server: Server, tools: Tools, back: string): Promise<void> {
  await using session = openTimeoutSession(server, tools, AbortSignal.timeout(PATIENCE_MS));
  await session.query(back).catch(() => undefined);
}

/** Whether {@link raiseWriteTimeout} can do something: without it, no dump may wait for another one for long. */
export async function mayRaiseWriteTimeout(server: Server, tools: Tools, signal: AbortSignal): Promise<boolean> {
  await using session = openTimeoutSession(server, tools, signal);
  try {
    await session.query('SET GLOBAL net_write_timeout = @@GLOBAL.net_write_timeout');
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

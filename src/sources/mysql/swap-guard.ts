import type { Server } from './client.ts';
import { text } from './quote.ts';
import type { Session } from './session.ts';
import { openSession, type Tools } from './tools.ts';

export interface GuardHow {
  readonly server: Server;
  readonly tools: Tools;
  readonly signal: AbortSignal;
}

/** Whether what is being done is certain to be done by nobody else. */
export interface SwapGuard extends AsyncDisposable {
  readonly held: boolean;
}

/**
 * Holds a lock of the server under the name of the database that gets the old tables: it ends with its connection, so that a swap that is
 * under way is told from one that was killed. Servers that know no such locks, as some clusters, do without.
 */
export async function guardSwap({ server, tools, signal }: GuardHow, before: string): Promise<SwapGuard> {
  const doing = `${server.source}: lock of a restore`;
  const session = openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
  try {
    const [[got] = []] = await session.query(`SELECT IFNULL(GET_LOCK(${lockName(before)}, 0), 0)`);
    return { held: got === '1', [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
  } catch {
    await session[Symbol.asyncDispose]();
    signal.throwIfAborted();
    return { held: false, [Symbol.asyncDispose]: async () => undefined };
  }
}

/** How long to wait for a lock that has only just been let go. */
const HANDOVER_S = 10;

/**
 * The session that swaps holds the lock itself: a statement of it that the server still carries out after a kill holds it too. Whether the
 * server knows such locks is tried in another session, since a statement that fails ends its session.
 */
export async function guardSession(session: Session, how: GuardHow, before: string): Promise<void> {
  const trial = await guardSwap(how, before);
  await trial[Symbol.asyncDispose]();
  if (trial.held) await session.query(`SELECT GET_LOCK(${lockName(before)}, ${HANDOVER_S})`);
}

/** Whether a swap is under way that keeps what was there in this database. */
export async function isSwapUnderWay(session: Session, before: string): Promise<boolean> {
  const [[free] = []] = await session.query(`SELECT IFNULL(IS_FREE_LOCK(${lockName(before)}), 1)`);
  return free === '0';
}

/** Names of locks have at most 64 characters, as many as those of databases. */
function lockName(before: string): string {
  return `CONCAT('surety-', SHA1(${text(before)}))`;
}

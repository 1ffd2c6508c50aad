/** One moment of a server: dumps and a session that all see the same state of it. */

import { systemClock } from '../../base/clock.ts';
import { hasCode, SuretyError } from '../../base/errors.ts';
import type { Server } from './client.ts';
import { type Dump, type DumpRequest, startDump } from './dump.ts';
import { qualified } from './quote.ts';
import type { Session } from './session.ts';
import { openSession, type Tools } from './tools.ts';
import { raiseWriteTimeout } from './write-timeout.ts';

export interface MomentRequest extends DumpRequest {
  /** Base tables, to lock them one by one where the whole server may not be locked. */
  readonly lockable: readonly string[];
}

export interface Moment extends AsyncDisposable {
  /** One for each request. */
  readonly dumps: readonly Dump[];
  /** In a transaction that sees what the dumps see; undefined where none was asked for. */
  readonly session: Session | undefined;
  /** Why dumps and session may differ by what was written between their beginnings; undefined: they do not. */
  readonly inexact: string | undefined;
  /** To be called when the dumps are taken. Throws `source.incomplete` where the lock that was kept for them is gone by then. */
  expectKept(): Promise<void>;
}

export interface MomentHow {
  readonly signal: AbortSignal;
  readonly server: Server;
  readonly tools: Tools;
  /** Whether a session that sees the same is wanted. */
  readonly withSession: boolean;
}

/**
 * Locks the server, or only the tables where the user may not, begins the transactions, and lets go as soon as all have begun. Without
 * `single_transaction` the lock is kept until the moment is disposed of.
 */
export async function takeMoment(requests: readonly MomentRequest[], how: MomentHow): Promise<Moment> {
  const { server, tools, signal } = how;
  const keepLock = !server.options.single_transaction;
  await using opening = new AsyncDisposableStack();
  const wanted = keepLock || how.withSession || requests.length > 1;
  const lock = wanted ? await lockForReading(requests, how) : { session: undefined, problem: undefined };
  await using held = new AsyncDisposableStack();
  if (lock.session !== undefined) (keepLock ? opening : held).use(lock.session);
  if (keepLock && lock.session === undefined) throw lockFailure(server, lock.problem ?? 'no lock');
  const session = how.withSession ? opening.use(await beginTransaction(how)) : undefined;
  held.use(await raiseWriteTimeout(server, tools, signal));
  const dumps = requests.map((request) => {
    const dump = startDump(server, tools, request, signal);
    opening.defer(() => dump.close());
    return dump;
  });
  const inTime = (await allBegun(dumps, server.options.lock_timeout, signal)) && (await isAlive(lock.session));
  signal.throwIfAborted();
  const inexact = lock.problem ?? (inTime ? undefined : 'the dump did not begin while the tables were locked');
  await held.disposeAsync();
  const opened = opening.move();
  return {
    dumps,
    session,
    inexact: wanted ? inexact : undefined,
    async expectKept() {
      if (keepLock && !(await isAlive(lock.session))) throw lockLost(server);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

interface Lock {
  readonly session: Session | undefined;
  readonly problem: string | undefined;
}

/** The whole server first: that is one moment for all databases and stops changes of their structure too. */
async function lockForReading(requests: readonly MomentRequest[], how: MomentHow): Promise<Lock> {
  const tables = requests.flatMap(({ database, lockable }) => lockable.map((table) => qualified(database, table)));
  const { server } = how;
  const statements = ['FLUSH TABLES WITH READ LOCK'];
  if (tables.length > 0) statements.push(`LOCK TABLES ${tables.map((table) => `${table} READ`).join(', ')}`);
  let problem: string | undefined;
  for (const statement of statements) {
    const session = newSession(how);
    try {
      // A host that is cut off in this moment must not keep everybody from writing until it is missed.
      if (server.options.single_transaction) await session.query(`SET SESSION wait_timeout = ${waitSeconds(server)}`);
      await session.query(statement);
      return { session, problem: undefined };
    } catch (error) {
      await session[Symbol.asyncDispose]();
      how.signal.throwIfAborted();
      if (hasCode(error, 'source.unreachable', 'source.corrupt')) throw error;
      problem = hasCode(error, 'source.locked')
        ? 'the tables could not be locked: a transaction of another session did not end in time'
        : 'the user may neither flush nor lock tables (rights RELOAD or LOCK TABLES)';
      // Who waited for one lock in vain does not make everybody wait for the next.
      if (hasCode(error, 'source.locked')) break;
    }
  }
  return { session: undefined, problem };
}

/** The server gives up a session that says nothing for as long as this: more than all that is done under the lock may take. */
function waitSeconds({ options }: Server): number {
  return 30 + Math.ceil((2 * options.lock_timeout) / 1000);
}

/** True also where there is none. */
async function isAlive(session: Session | undefined): Promise<boolean> {
  if (session === undefined) return true;
  return await session.query('SELECT 1').then(
    () => true,
    () => false,
  );
}

function lockLost({ source }: Server): SuretyError {
  const message = `${source}: the lock of the tables was lost while they were dumped, so the dump is not of one moment`;
  return new SuretyError('source.incomplete', message, {
    hint: 'see the log of the server for why it ended that session, then back up again',
    retry: 'later',
    details: { source },
  });
}

function lockFailure({ source }: Server, problem: string): SuretyError {
  return new SuretyError(
    'source.denied',
    `${source}: without a transaction the tables must be locked, but ${problem}`,
    {
      hint: 'GRANT LOCK TABLES on the databases, or RELOAD, to the user',
      details: { source },
    },
  );
}

function newSession({ server, tools, signal }: MomentHow): Session {
  const { lock_timeout } = server.options;
  return openSession(server, tools, { signal, doing: `${server.source}: reading`, lockTimeoutMs: lock_timeout });
}

async function beginTransaction(how: MomentHow): Promise<Session> {
  const session = newSession(how);
  try {
    await session.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await session.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

/** False when that takes longer than others can be made to wait. */
async function allBegun(dumps: readonly Dump[], timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const waiting = new AbortController();
  const all = Promise.all(dumps.map((dump) => dump.begun())).then(() => true);
  const timer = systemClock.sleep(timeoutMs, AbortSignal.any([signal, waiting.signal])).then(() => false);
  try {
    return await Promise.race([all, timer]);
  } finally {
    waiting.abort();
    timer.catch(() => undefined);
  }
}

import { hasCode, SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { Server } from './client.ts';
import { qualified, text } from './quote.ts';
import { openSession, type Tools } from './tools.ts';

export interface LocksHow {
  readonly server: Server;
  readonly tools: Tools;
  readonly signal: AbortSignal;
  readonly database: string;
}

/**
 * Checks that no open transaction holds a table for longer than `lock_timeout`: a table that is held can not be moved. Throws `source.locked`
 * with the sessions that use the database.
 */
export async function expectUnlocked(how: LocksHow, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  const { server, tools, signal, database } = how;
  const doing = `${server.source}: lock on database ${displayName(database)}`;
  const lockTimeoutMs = server.options.lock_timeout;
  await using session = openSession(server, tools, { signal, doing, lockTimeoutMs });
  try {
    await session.query(`LOCK TABLES ${tables.map((table) => `${qualified(database, table)} WRITE`).join(', ')}`);
  } catch (error) {
    signal.throwIfAborted();
    if (hasCode(error, 'source.locked')) throw await lockedBy(how, error);
    // Who may not lock may still be able to move: that is told by the attempt.
    if (!hasCode(error, 'source.denied')) throw error;
  }
}

async function lockedBy({ server, tools, signal, database }: LocksHow, cause: unknown): Promise<SuretyError> {
  const { source, options } = server;
  const users = await listUsersOf({ server, tools, signal, database }).catch(() => []);
  const who = users.length === 0 ? 'another session' : `a session of ${users.join(', ')}`;
  return new SuretyError(
    'source.locked',
    `${source}: ${who} holds tables of database ${displayName(database)}, so that it can not be replaced`,
    {
      hint: `stop what uses the database, or end its transaction; \`lock_timeout\` is ${options.lock_timeout / 1000} s`,
      retry: 'later',
      cause,
      details: { source, database },
    },
  );
}

/** Who is connected with the database as its default, as `user@host (connection 12)`. */
async function listUsersOf({ server, tools, signal, database }: LocksHow): Promise<string[]> {
  const doing = `${server.source}: sessions of database ${displayName(database)}`;
  await using session = openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
  const rows = await session.query(
    `SELECT user, host, id FROM information_schema.processlist WHERE db = ${text(database)} AND id <> CONNECTION_ID() LIMIT 5`,
  );
  return rows.map(([user = '', host = '', id = '']) => `${user}@${host} (connection ${id})`);
}

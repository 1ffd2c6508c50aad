import { messageOf } from '../../base/errors.ts';
import { collectBytes } from '../../base/streams.ts';
import type { Server } from './client.ts';
import { expectTrailer } from './dump.ts';
import { openSession, type Tools } from './tools.ts';

export interface UsersHow {
  readonly signal: AbortSignal;
  readonly server: Server;
  readonly tools: Tools;
  /** Gets each statement that did not work, without what is secret in it. */
  readonly onProblem: (message: string) => void;
}

/** Longest file of users that is taken; it is read whole. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Creates users and roles that are missing and grants their rights; users who exist keep their password. Returns how many statements worked. */
export async function restoreUsers(chunks: AsyncIterable<Uint8Array>, how: UsersHow): Promise<number> {
  const { server, tools, signal } = how;
  const bytes = await collectBytes(chunks, MAX_BYTES);
  expectTrailer(`${server.source}: restore of users`, bytes.subarray(-256));
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  const statements = lines
    .filter((line) => line !== '' && !line.startsWith('--'))
    .map((line) => line.replace(/;$/, ''));
  let done = 0;
  let session = newSession(how);
  try {
    for (const statement of statements) {
      signal.throwIfAborted();
      try {
        await session.query(statement);
        done += 1;
      } catch (error) {
        signal.throwIfAborted();
        how.onProblem(`${withoutSecrets(statement)}: ${reasonOf(error)}`);
        await session[Symbol.asyncDispose]();
        session = newSession(how);
      }
    }
  } finally {
    await session[Symbol.asyncDispose]();
  }
  return done;

  function newSession({ server: { options, source } }: UsersHow) {
    return openSession(server, tools, {
      signal,
      doing: `${source}: restore of users`,
      lockTimeoutMs: options.lock_timeout,
    });
  }
}

function withoutSecrets(statement: string): string {
  return statement.replace(/ IDENTIFIED .*/, ' …');
}

/** The client repeats the statement before the error. */
function reasonOf(error: unknown): string {
  const said = messageOf(error);
  return withoutSecrets(/ERROR \d+ \(\w+\)[^\n]*$/.exec(said)?.[0] ?? said);
}

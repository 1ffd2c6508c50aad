import { messageOf } from '../../base/errors.ts';
import { collectBytes } from '../../base/streams.ts';
import type { Server } from './client.ts';
import { expectEnd } from './dump-end.ts';
import type { Session } from './session.ts';
import { openSession, type Tools } from './tools.ts';
import { withoutPassword } from './users.ts';

export interface UsersHow {
  readonly signal: AbortSignal;
  readonly server: Server;
  readonly tools: Tools;
  /** Gets each statement that did not work, without what is secret in it. */
  readonly onProblem: (message: string) => void;
}

/** Statements of a dump of users, in their order. */
export interface UserStatements {
  /** What databases may refer to: they come first. */
  readonly accounts: readonly string[];
  /** Some refer to tables: they come last. */
  readonly rights: readonly string[];
}

/** Longest file of users that is taken; it is read whole. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Throws `source.incomplete` for a dump without its end. */
export async function readUsers(chunks: AsyncIterable<Uint8Array>, doing: string): Promise<UserStatements> {
  const bytes = await collectBytes(chunks, MAX_BYTES);
  expectEnd(doing, bytes);
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  const statements = lines
    .filter((line) => line !== '' && !line.startsWith('--'))
    .map((line) => line.replace(/;$/, ''));
  const isAccount = (statement: string) => statement.startsWith('CREATE ');
  return {
    accounts: statements.filter(isAccount),
    rights: statements.filter((statement) => !isAccount(statement)),
  };
}

/** Carries the statements out, each by itself: users who exist keep their password. Returns how many worked. */
export async function carryOut(statements: readonly string[], how: UsersHow): Promise<number> {
  let done = 0;
  let session = newSession(how);
  try {
    for (const statement of statements) {
      try {
        await session.query(statement);
        done += 1;
      } catch (error) {
        how.signal.throwIfAborted();
        await session[Symbol.asyncDispose]();
        if (await isInEffect(statement, how)) done += 1;
        else how.onProblem(`${withoutSecrets(statement)}: ${reasonOf(error)}`);
        session = newSession(how);
      }
    }
  } finally {
    await session[Symbol.asyncDispose]();
  }
  return done;
}

function newSession({ server, tools, signal }: UsersHow): Session {
  const doing = `${server.source}: restore of users`;
  return openSession(server, tools, { signal, doing, lockTimeoutMs: server.options.lock_timeout });
}

const GRANTEE = /.* TO (`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?)/;

/** Some rights can not be given by everybody, such as root's to be anybody; where the account has them already, nothing is missing. */
async function isInEffect(statement: string, how: UsersHow): Promise<boolean> {
  const account = GRANTEE.exec(statement)?.[1];
  if (account === undefined) return false;
  await using session = newSession(how);
  const rows = await session.query(`SHOW GRANTS FOR ${account}`).catch(() => []);
  return rows.some(([grant = '']) => withoutPassword(grant) === statement);
}

function withoutSecrets(statement: string): string {
  return statement.replace(/ IDENTIFIED .*/, ' …');
}

/** The client repeats the statement before the error. */
function reasonOf(error: unknown): string {
  const said = messageOf(error);
  return withoutSecrets(/ERROR \d+ \(\w+\)[^\n]*$/.exec(said)?.[0] ?? said);
}

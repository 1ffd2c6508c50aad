import { messageOf } from '../../base/errors.ts';
import type { RestoredEntry } from '../source.ts';
import { carryOut, readUsers, type UserStatements } from './restore-users.ts';
import { count, type Writing } from './writing.ts';

/** Makes the accounts that are missing: what the databases contain belongs to them. */
export async function openUsers(writing: Writing, entry: RestoredEntry): Promise<UserStatements | undefined> {
  const { server, restoring, how, tally } = writing;
  const { signal } = how;
  try {
    const chunks = restoring.stream(entry, { signal });
    const statements = await readUsers(chunks, `${server.source}: restore of users`);
    await carryOut(statements.accounts, usersHow(writing, entry));
    return statements;
  } catch (error) {
    signal.throwIfAborted();
    // The databases are worth more than their users.
    tally.failed.push({ path: entry.path, error: error as Error });
    how.warn({ code: 'entry.failed', path: entry.path, message: messageOf(error) });
    return undefined;
  }
}

/** Gives the rights, once what they are about is there. */
export async function writeRights(writing: Writing, entry: RestoredEntry, { rights }: UserStatements): Promise<void> {
  const done = await carryOut(rights, usersHow(writing, entry));
  writing.tally.notes.push(`${done} rights of users are granted; users who existed keep their passwords`);
  count(writing.tally, entry, writing.how);
}

function usersHow({ server, tools, how }: Writing, { path }: RestoredEntry) {
  const onProblem = (message: string) => how.warn({ code: 'entry.failed', path, message });
  return { server, tools, signal: how.signal, onProblem };
}

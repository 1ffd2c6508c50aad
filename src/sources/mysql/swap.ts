/** A restored database takes the place of the one that is there. */
import { messageOf, SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { Server } from './client.ts';
import { fitCode } from './code.ts';
import {
  type Contents,
  dropEvents,
  dropTriggers,
  dropViewsAndRoutines,
  dropWithoutData,
  isBlank,
  readContents,
} from './contents.ts';
import type { Code } from './dump-parts.ts';
import { createCode } from './load.ts';
import { expectUnlocked } from './locks.ts';
import { identifier, qualified, text } from './quote.ts';
import { markFinished, readCode, SAVED_TABLE, saveCode } from './saved-code.ts';
import type { Session } from './session.ts';
import type { Database } from './survey.ts';
import { guardSession } from './swap-guard.ts';
import { openSession, type Tools } from './tools.ts';

export interface SwapRequest {
  readonly server: Server;
  readonly tools: Tools;
  readonly session: Session;
  readonly signal: AbortSignal;
  /** The database to replace. */
  readonly database: string;
  /** As it is there; undefined: it is not, and is made like `restored`. */
  readonly present: Database | undefined;
  readonly restored: Database;
  /** Name for the database that gets what was there. */
  readonly before: string;
  /** Of the restored database, as the dump has it. */
  readonly code: Code;
  readonly owner: string | undefined;
}

export interface Swapped {
  /** Name of the database that holds what was there; undefined: there was nothing. */
  readonly kept: string | undefined;
  readonly notes: readonly string[];
}

/**
 * Swaps all tables with one RENAME TABLE. Code can not be moved between databases, so that of the old one is saved in the server first, then
 * made anew beside the old tables. At every moment all old rows are in the old or the new place, and all old code stands or is saved:
 *
 * 1. the new database for the old tables is made, and the old code is saved in its table `surety_definitions`;
 *    before, it is tried whether all tables can be locked at all;
 * 2. old triggers and events are dropped, since a table with triggers can not be moved (undone when 3 fails);
 * 3. one statement moves the old tables out and the restored ones in;
 * 4. old views and routines are dropped and the restored code is created;
 * 5. the old code is created beside the old tables, its events disabled, and `surety_definitions` is dropped.
 */
export async function swapIn(request: SwapRequest): Promise<Swapped> {
  const { session, database, restored } = request;
  if (request.present === undefined) await createDatabase(session, { ...restored, name: database });
  const there = await readContents(session, database);
  if (isBlank(there)) {
    await moveTables(request, undefined);
    await finish(request);
    return { kept: undefined, notes: [] };
  }
  await expectUnlocked(request, [...there.tables, ...there.sequences]);
  await guardSession(session, request, request.before);
  const old = await saveOld(request, there);
  try {
    await dropTriggers(session, database);
    await dropEvents(session, database);
    await moveTables(request, request.before);
  } catch (error) {
    await putBack(request, there, old, error);
  }
  await finish(request);
  return { kept: request.before, notes: await completeOld(request, old) };
}

export async function createDatabase(session: Session, { name, charset, collation }: Database): Promise<void> {
  const like = /^\w+$/.test(charset) && /^\w+$/.test(collation) ? ` CHARACTER SET ${charset} COLLATE ${collation}` : '';
  await session.query(`CREATE DATABASE ${identifier(name)}${like}`);
}

async function saveOld(request: SwapRequest, there: Contents): Promise<Code> {
  const { server, tools, session, signal, database, present, before } = request;
  const old = await readCode(server, tools, database, signal);
  await createDatabase(session, { ...present!, name: before });
  const { tables, sequences, triggers, events } = there;
  await saveCode(session, before, old, { database, tables: tables.length + sequences.length, triggers, events });
  return old;
}

/** One statement, so that no other session ever sees a part of it. */
async function moveTables({ session, database, restored }: SwapRequest, before: string | undefined): Promise<void> {
  const out = before === undefined ? [] : await dataOf(session, database);
  const into = await dataOf(session, restored.name);
  const moves = [
    ...out.map((name) => `${qualified(database, name)} TO ${qualified(before!, name)}`),
    ...into.map((name) => `${qualified(restored.name, name)} TO ${qualified(database, name)}`),
  ];
  if (moves.length > 0) await session.query(`RENAME TABLE ${moves.join(', ')}`);
}

async function dataOf(session: Session, database: string): Promise<string[]> {
  const { tables, sequences } = await readContents(session, database);
  return [...tables, ...sequences];
}

/** How long an undoing waits for others: it has no other way. */
const UNDOING_MS = 120_000;

/** The tables stayed where they were: the old code gets back, and the error goes on. */
async function putBack(request: SwapRequest, there: Contents, old: Code, error: unknown): Promise<never> {
  const { server, tools, database, before } = request;
  // The session of the request is gone with its error, and an abort must not keep the triggers from coming back.
  const signal = new AbortController().signal;
  const doing = `${server.source}: undoing the swap of database ${displayName(database)}`;
  try {
    await using session = openSession(server, tools, { signal, doing, lockTimeoutMs: UNDOING_MS });
    const moved = (await dataOf(session, before)).some((name) => name !== SAVED_TABLE);
    if (moved) throw new Error('the connection was lost when the tables had already moved');
    const now = await readContents(session, database);
    if (now.triggers.length < there.triggers.length || now.events.length < there.events.length) {
      await dropTriggers(session, database);
      const { triggers, events } = fitCode(old, { database, eventsAsleep: false });
      await createCode({ triggers, events }, { signal, server, tools, doing, database });
    }
    await dropWithoutData(session, before, [SAVED_TABLE]);
  } catch (cause) {
    throw new SuretyError(
      'target.failed',
      `database ${displayName(database)} was not replaced, and its triggers and events could not be put back: ${messageOf(cause)}`,
      { hint: `they stand in table ${SAVED_TABLE} of database ${displayName(before)}`, cause: error },
    );
  }
  throw error;
}

/** The restored tables are in place: their code follows, and what is left of the database they came from goes. */
async function finish(request: SwapRequest): Promise<void> {
  const { server, tools, session, signal, database, restored, owner, before } = request;
  await moveDefaults(session, database, restored.name, database);
  await dropViewsAndRoutines(session, database);
  const doing = `${server.source}: definitions of restored database ${displayName(database)}`;
  const code = fitCode(request.code, { database, owner, eventsAsleep: false });
  try {
    await createCode(code, { signal, server, tools, doing, database });
  } catch (error) {
    throw new SuretyError(
      'target.failed',
      `the tables of database ${displayName(database)} are restored, but not all of its code: ${messageOf(error)}`,
      {
        hint: `what was there before is in database ${displayName(before)}; restore again, or create the views, routines, triggers and events by hand`,
        cause: error,
      },
    );
  }
  await dropWithoutData(session, restored.name);
}

/** Creates the old code beside the old tables. What does not work stays saved, and is told. */
async function completeOld(request: SwapRequest, old: Code): Promise<string[]> {
  const { server, tools, session, signal, database, before } = request;
  const doing = `${server.source}: definitions of database ${displayName(before)}`;
  try {
    await moveDefaults(session, before, database, before);
    await createCode(fitCode(old, { database: before, eventsAsleep: true }), {
      signal,
      server,
      tools,
      doing,
      database: before,
    });
    await session.query(`DROP TABLE ${qualified(before, SAVED_TABLE)}`);
    return [];
  } catch (error) {
    signal.throwIfAborted();
    await using again = openSession(server, tools, { signal, doing, lockTimeoutMs: UNDOING_MS });
    await markFinished(again, before).catch(() => undefined);
    return [
      `views, routines, triggers and events of ${displayName(before)} stand in its table ${SAVED_TABLE}: ${messageOf(error)}`,
    ];
  }
}

/** Defaults that take values of a sequence name its database: they are told that it moved. */
async function moveDefaults(session: Session, database: string, from: string, to: string): Promise<void> {
  const rows = await session.query(
    `SELECT table_name, column_name, column_default FROM information_schema.columns WHERE table_schema = ${text(database)} AND column_default LIKE 'nextval(%'`,
  );
  for (const [table = '', column = '', value = ''] of rows) {
    const moved = value.replaceAll(`nextval(${identifier(from)}.`, () => `nextval(${identifier(to)}.`);
    if (moved === value) continue;
    await session.query(
      `ALTER TABLE ${qualified(database, table)} ALTER COLUMN ${identifier(column)} SET DEFAULT ${moved}`,
    );
  }
}

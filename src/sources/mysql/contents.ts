/** What is in a database besides rows, by name, and how it is removed. */
import { identifier, qualified, text } from './quote.ts';
import type { Session } from './session.ts';
import { listTables } from './survey.ts';

export interface Contents {
  /** Tables and sequences: what holds data. */
  readonly tables: readonly string[];
  readonly sequences: readonly string[];
  readonly views: readonly string[];
  readonly triggers: readonly string[];
  readonly events: readonly string[];
  readonly routines: readonly Routine[];
}

interface Routine {
  readonly kind: 'FUNCTION' | 'PROCEDURE';
  readonly name: string;
}

export async function readContents(session: Session, database: string): Promise<Contents> {
  const tables = await listTables(session, database);
  const names = (kind: string) => tables.filter((table) => table.kind === kind).map(({ name }) => name);
  const list = async (column: string, table: string, where: string) =>
    (await session.query(`SELECT ${column} FROM information_schema.${table} WHERE ${where} = ${text(database)}`)).map(
      ([name = '']) => name,
    );
  const routines = await session.query(
    `SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = ${text(database)}`,
  );
  return {
    tables: names('table'),
    sequences: names('sequence'),
    views: names('view'),
    triggers: await list('trigger_name', 'triggers', 'trigger_schema'),
    events: await list('event_name', 'events', 'event_schema'),
    routines: routines.map(([kind = '', name = '']) => ({
      kind: kind === 'FUNCTION' ? 'FUNCTION' : 'PROCEDURE',
      name,
    })),
  };
}

export function isBlank({ tables, sequences, views, events, routines }: Contents): boolean {
  return [tables, sequences, views, events, routines].every((list) => list.length === 0);
}

export async function dropTriggers(session: Session, database: string): Promise<void> {
  for (const name of (await readContents(session, database)).triggers) {
    await session.query(`DROP TRIGGER ${qualified(database, name)}`);
  }
}

export async function dropEvents(session: Session, database: string): Promise<void> {
  for (const name of (await readContents(session, database)).events) {
    await session.query(`DROP EVENT ${qualified(database, name)}`);
  }
}

export async function dropViewsAndRoutines(session: Session, database: string): Promise<void> {
  const { views, routines } = await readContents(session, database);
  for (const name of views) await session.query(`DROP VIEW ${qualified(database, name)}`);
  for (const { kind, name } of routines) await session.query(`DROP ${kind} ${qualified(database, name)}`);
}

/** Everything with data, whatever refers to it. */
export async function dropTables(session: Session, database: string): Promise<void> {
  const { tables, sequences } = await readContents(session, database);
  await session.query('SET SESSION foreign_key_checks = 0');
  for (const name of tables) await session.query(`DROP TABLE ${qualified(database, name)}`);
  for (const name of sequences) await session.query(`DROP SEQUENCE ${qualified(database, name)}`);
  await session.query('SET SESSION foreign_key_checks = 1');
}

/** Drops a database only when nothing in it holds data; returns whether it is gone. */
export async function dropWithoutData(
  session: Session,
  database: string,
  except: readonly string[] = [],
): Promise<boolean> {
  const { tables, sequences } = await readContents(session, database);
  const data = [...tables, ...sequences].filter((name) => !except.includes(name));
  if (data.length > 0) return false;
  await session.query(`DROP DATABASE ${identifier(database)}`);
  return true;
}

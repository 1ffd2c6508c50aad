/** The code of a database that is being replaced, kept in the server until it stands again beside its tables. */
import { displayName } from '../../base/names.ts';
import { programOutput, type Server } from './client.ts';
import { type Code, takeApart } from './dump-parts.ts';
import { qualified, text } from './quote.ts';
import type { Session } from './session.ts';
import type { Tools } from './tools.ts';

/** The table that holds it, in the database that gets the old tables. */
export const SAVED_TABLE = 'surety_definitions';

/** The triggers, events, routines and views of a database as its dump program writes them. */
export async function readCode(server: Server, tools: Tools, database: string, signal: AbortSignal): Promise<Code> {
  const doing = `${server.source}: definitions of database ${displayName(database)}`;
  const args = [
    '--no-data',
    '--skip-lock-tables',
    '--routines',
    '--events',
    '--triggers',
    '--comments',
    '--skip-dump-date',
    '--no-tablespaces',
    '--default-character-set=utf8mb4',
    ...(tools.dump.version.flavour === 'mysql' ? ['--set-gtid-purged=OFF'] : []),
    '--',
    database,
  ];
  const parts = takeApart(programOutput(server, tools.dump, args, { signal, doing }));
  for await (const _definition of parts.tables);
  return parts.code();
}

/** What the saved code is of. */
export interface SavedAbout {
  /** The database that is being replaced. */
  readonly database: string;
  /** How many tables and sequences it had. */
  readonly tables: number;
  readonly triggers: readonly string[];
  readonly events: readonly string[];
}

/**
 * Writes the code into a new table of `into`, in pieces: a statement is limited by the server's max_allowed_packet. What it is of comes
 * last: where that stands, all of the code does.
 */
export async function saveCode(session: Session, into: string, code: Code, about: SavedAbout): Promise<void> {
  const table = qualified(into, SAVED_TABLE);
  await session.query(
    `CREATE TABLE ${table} (part VARCHAR(16) NOT NULL, piece INT NOT NULL, sql_text LONGTEXT CHARACTER SET utf8mb4 NOT NULL, PRIMARY KEY (part, piece)) ENGINE = InnoDB`,
  );
  const saved = { ...code, [ABOUT]: JSON.stringify(about) };
  for (const part of [...PARTS, ABOUT] as const) {
    for (const [piece, characters] of pieces(saved[part]).entries()) {
      await session.query(`INSERT INTO ${table} VALUES ('${part}', ${piece}, ${text(characters)})`);
    }
  }
}

const PARTS = ['placeholders', 'routines', 'views', 'triggers', 'events'] as const;
const ABOUT = 'about';
const FINISHED = 'finished';

export interface SavedCode {
  readonly code: Code;
  /** Undefined: the code is not whole. */
  readonly about: SavedAbout | undefined;
  /** The restore that saved it came to its end, and has told what is in it. */
  readonly finished: boolean;
}

/** What is saved in the database `from`. */
export async function loadCode(session: Session, from: string): Promise<SavedCode> {
  const rows = await session.query(`SELECT part, sql_text FROM ${qualified(from, SAVED_TABLE)} ORDER BY part, piece`);
  const of = (wanted: string) => rows.flatMap(([part, sql = '']) => (part === wanted ? [sql] : [])).join('');
  const [placeholders, routines, views, triggers, events] = PARTS.map(of) as [string, string, string, string, string];
  const about = of(ABOUT);
  return {
    code: { placeholders, routines, views, triggers, events },
    about: about === '' ? undefined : (JSON.parse(about) as SavedAbout),
    finished: rows.some(([part]) => part === FINISHED),
  };
}

/** The code stays saved, and nobody is told of it any more. */
export async function markFinished(session: Session, before: string): Promise<void> {
  await session.query(`INSERT IGNORE INTO ${qualified(before, SAVED_TABLE)} VALUES ('${FINISHED}', 0, '')`);
}

/** Whole characters, four bytes at most. */
function pieces(sql: string): string[] {
  return sql.match(/[\s\S]{1,65536}/gu) ?? [];
}

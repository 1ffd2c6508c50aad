/** The code of a database that is being replaced, kept in the server until it stands again beside its tables. */
import { programOutput, type Server } from './client.ts';
import { type Code, takeApart } from './dump-parts.ts';
import { qualified, text } from './quote.ts';
import type { Session } from './session.ts';
import type { Tools } from './tools.ts';

/** The table that holds it, in the database that gets the old tables. */
export const SAVED_TABLE = 'surety_definitions';

/** The triggers, events, routines and views of a database as its dump program writes them. */
export async function readCode(server: Server, tools: Tools, database: string, signal: AbortSignal): Promise<Code> {
  const doing = `${server.source}: definitions of database ${database}`;
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

/** Writes the code into a new table of `into`, in pieces: a statement is limited by the server's max_allowed_packet. */
export async function saveCode(session: Session, into: string, code: Code): Promise<void> {
  const table = qualified(into, SAVED_TABLE);
  await session.query(
    `CREATE TABLE ${table} (part VARCHAR(16) NOT NULL, piece INT NOT NULL, sql_text LONGTEXT CHARACTER SET utf8mb4 NOT NULL, PRIMARY KEY (part, piece)) ENGINE = InnoDB`,
  );
  for (const part of ['placeholders', 'routines', 'views', 'triggers', 'events'] as const) {
    for (const [piece, characters] of pieces(code[part]).entries()) {
      await session.query(`INSERT INTO ${table} VALUES ('${part}', ${piece}, ${text(characters)})`);
    }
  }
}

/** Whole characters, four bytes at most. */
function pieces(sql: string): string[] {
  return sql.match(/[\s\S]{1,65536}/gu) ?? [];
}

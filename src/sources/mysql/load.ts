/** SQL into a database. */
import { SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import { didYouMean, listed } from '../../base/nearest.ts';
import { type ClientHow, programOutput, type Server } from './client.ts';
import { moveDefault } from './code.ts';
import { watchEnd } from './dump-end.ts';
import { type Code, takeApart } from './dump-parts.ts';
import type { Tools } from './tools.ts';

export interface LoadHow {
  readonly signal: AbortSignal;
  readonly server: Server;
  readonly tools: Tools;
  /** For errors: `restore of database shop`. */
  readonly doing: string;
  readonly database: string;
}

/** Runs SQL; the first statement that fails ends it with the error of the source. */
async function runSql(sql: AsyncIterable<Uint8Array>, { server, tools, database, ...how }: LoadHow): Promise<void> {
  const clientHow: ClientHow = { signal: how.signal, doing: how.doing, stdin: sql };
  const output = programOutput(server, tools.client, [...LOAD_ARGS, `--database=${database}`], clientHow);
  for await (const _said of output);
}

const LOAD_ARGS = [
  '--batch',
  // Bytes reach the server as they are in the dump, and nothing in it is taken for a command of the client.
  '--binary-mode',
  '--comments',
  '--skip-reconnect',
  '--no-auto-rehash',
  '--default-character-set=utf8mb4',
  '--max-allowed-packet=1G',
];

export interface DumpToLoad {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The database it is of. */
  readonly original: string;
  /** Only these; undefined: all. */
  readonly tables: readonly string[] | undefined;
  readonly onBytes: (sizeBytes: number) => void;
}

/**
 * Loads tables and rows; the code of the dump is returned, where tables are chosen only their triggers. Throws `source.incomplete` for a dump
 * without its end and `target.failed` for a table that it has not.
 */
export async function loadTables(dump: DumpToLoad, how: LoadHow): Promise<Code> {
  const { original, tables } = dump;
  const parts = takeApart(watchEnd(dump.chunks, how.doing, dump.onBytes), {
    rewriteDefault: (line) => moveDefault(line, original, how.database),
    wants: tables && ((table) => tables.includes(table)),
  });
  await runSql(parts.tables, how);
  if (tables === undefined) return parts.code();
  const missing = tables.find((table) => !parts.names().includes(table));
  if (missing === undefined) return { ...NO_CODE, triggers: parts.code().triggers };
  throw new SuretyError('target.failed', `the dump of database ${displayName(original)} has no table ${missing}`, {
    hint: didYouMean(missing, parts.names()) ?? `it has: ${listed(parts.names().slice(0, 20), 'and')}`,
  });
}

const NO_CODE: Code = { placeholders: '', triggers: '', events: '', routines: '', views: '' };

/** What comes before the code in a dump. */
const SETTINGS = `SET NAMES utf8mb4;
SET TIME_ZONE='+00:00';
SET FOREIGN_KEY_CHECKS=0, UNIQUE_CHECKS=0;
SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO';
SET SQL_NOTES=0;
`;

/** Creates what the parts of the code say, in the order that they need: views may use functions, triggers may use all. */
export async function createCode(code: Partial<Code>, how: LoadHow): Promise<void> {
  const { placeholders = '', routines = '', views = '', triggers = '', events = '' } = code;
  const sql = placeholders + routines + views + triggers + events;
  if (sql.trim() !== '') await runSql(once(SETTINGS + sql), how);
}

async function* once(sql: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(sql, 'utf8');
}

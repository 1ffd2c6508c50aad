/** SQL into a database. */
import { type ClientHow, programOutput, type Server } from './client.ts';
import { moveDefault } from './code.ts';
import { expectTrailer } from './dump.ts';
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
export async function runSql(
  sql: AsyncIterable<Uint8Array>,
  { server, tools, database, ...how }: LoadHow,
): Promise<void> {
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

/** Loads tables and rows of a dump of database `from`; its code is returned. Throws `source.incomplete` for a dump without its end. */
export async function loadTables(
  chunks: AsyncIterable<Uint8Array>,
  from: string,
  how: LoadHow,
  onBytes: (sizeBytes: number) => void,
): Promise<Code> {
  const watched = watchEnd(chunks, how.doing, onBytes);
  const parts = takeApart(watched, { rewriteDefault: (line) => moveDefault(line, from, how.database) });
  await runSql(parts.tables, how);
  return parts.code();
}

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

const TAIL_BYTES = 256;

/** Passes the dump on. A dump that was cut ends with an error, and the client that loads it is ended before it takes that for the end. */
async function* watchEnd(
  chunks: AsyncIterable<Uint8Array>,
  doing: string,
  onBytes: (sizeBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let tail: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    tail = Buffer.concat([tail, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    onBytes(chunk.length);
    yield chunk;
  }
  expectTrailer(doing, tail);
}

import { SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import type { Process } from '../../reach/reach.ts';
import { hostFailure, toolFailure } from '../tool.ts';
import { openTypedInput } from '../typed-input.ts';
import { explain } from './postgres-error.ts';
import { connectionArgs, programOf, type Server, toolEnvironment } from './server.ts';

/** One connection to one database, kept open by a psql that runs where the source lives. Use it for one thing at a time. */
export interface Session extends AsyncDisposable {
  /** The rows of a query, each by its column names. Large numbers are safe only when the query gives them as text. */
  rows<Row>(query: string): Promise<Row[]>;
  /** The only row. */
  row<Row>(query: string): Promise<Row>;
  /** Statements that answer nothing. */
  run(statements: string): Promise<void>;
}

export interface SessionHow {
  readonly signal: AbortSignal;
  /** For errors: `dump of database shop`. */
  readonly doing: string;
  readonly side: 'source' | 'target';
  readonly lockTimeoutMs?: number;
}

/** Time-outs that an administrator set for applications are not meant for backups. */
const SETTINGS = [
  'SET standard_conforming_strings = on',
  "SET client_min_messages = 'error'",
  'SET statement_timeout = 0',
  'SET idle_in_transaction_session_timeout = 0',
  'SET row_security = off',
];

/** Connects. Throws what keeps it from connecting as an error that a person understands. */
export async function openSession(server: Server, database: string, how: SessionHow): Promise<Session> {
  const session = new PsqlSession(server, database, how);
  try {
    await session.run([...SETTINGS, `SET lock_timeout = ${how.lockTimeoutMs ?? 0}`].join(';\n'));
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

class PsqlSession implements Session {
  readonly #server: Server;
  readonly #how: SessionHow;
  readonly #argv: readonly string[];
  readonly #process: Process;
  readonly #output: AsyncIterator<Uint8Array>;
  readonly #stop = new AbortController();
  readonly #input = openTypedInput();
  readonly #end = `surety-${randomHex(8)}`;
  #ended = false;

  constructor(server: Server, database: string, how: SessionHow) {
    this.#server = server;
    this.#how = how;
    const flags = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1'];
    this.#argv = [programOf(server, 'psql'), ...flags, ...connectionArgs(server, database)];
    this.#process = server.reach.exec(this.#argv, {
      signal: AbortSignal.any([how.signal, this.#stop.signal]),
      env: { ...toolEnvironment(server), PGCLIENTENCODING: 'UTF8' },
      stdin: this.#input.chunks,
    });
    this.#output = this.#process.stdout[Symbol.asyncIterator]();
  }

  async rows<Row>(query: string): Promise<Row[]> {
    const name = 'surety_answer';
    const answer = await this.#ask(`SELECT coalesce(json_agg(${name}), '[]') FROM (\n${query}\n) AS ${name}`);
    return JSON.parse(answer) as Row[];
  }

  async row<Row>(query: string): Promise<Row> {
    const [first] = await this.rows<Row>(query);
    if (first !== undefined) return first;
    throw new SuretyError(`${this.#how.side}.failed`, `${this.#how.doing}: the server did not answer`);
  }

  async run(statements: string): Promise<void> {
    await this.#ask(statements);
  }

  async #ask(statements: string): Promise<string> {
    if (this.#ended) throw await this.#failure();
    this.#input.add(`${statements};\n\\echo ${this.#end}\n`);
    const parts: Buffer[] = [];
    const end = Buffer.from(`${this.#end}\n`);
    for (;;) {
      const next = await this.#next();
      if (next === undefined) throw await this.#failure();
      parts.push(next);
      const last = next.length >= end.length ? next : Buffer.concat(parts.slice(-end.length));
      if (!last.subarray(-end.length).equals(end)) continue;
      return Buffer.concat(parts).subarray(0, -end.length).toString('utf8');
    }
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const next = await this.#output.next();
      if (next.done !== true) return Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
    } catch {
      // The exit says why.
    }
    this.#ended = true;
    return undefined;
  }

  async #failure(): Promise<unknown> {
    this.#input.end();
    const exit = await this.#process.exit;
    if (this.#how.signal.aborted) return this.#how.signal.reason;
    const stderr = this.#process.stderr();
    const { doing, side } = this.#how;
    const explained = explain({ server: this.#server, doing, side }, stderr, exit);
    return hostFailure(doing, exit) ?? explained ?? toolFailure(this.#argv, doing, stderr, exit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.end();
    // A query that runs on is of no use to anybody.
    const timer = setTimeout(() => this.#stop.abort(), LAST_WORDS_MS);
    await this.#process.exit;
    clearTimeout(timer);
  }
}

const LAST_WORDS_MS = 500;

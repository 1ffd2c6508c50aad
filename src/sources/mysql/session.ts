import { SuretyError } from '../../base/errors.ts';
import { randomHex } from '../../base/ids.ts';
import type { Process } from '../../reach/reach.ts';
import { expectSuccess } from '../tool.ts';
import { openTypedInput } from '../typed-input.ts';
import { type Program, programArgv, programHow, type Server } from './client.ts';
import { unescapeColumn } from './quote.ts';

export interface SessionHow {
  readonly signal: AbortSignal;
  /** What the session is for, for errors: `database shop`. */
  readonly doing: string;
  /** Statements to run at once, such as settings. */
  readonly settings?: readonly string[];
  readonly database?: string;
}

export type Row = readonly string[];

/**
 * One connection to the server, by the client program: SQL in, rows out. A statement that fails ends it, with the error of the source.
 * Columns are text; SQL has to keep NULL out of what it selects, since the client shows it as the text `NULL`.
 */
export class Session implements AsyncDisposable {
  readonly #child: Process;
  readonly #argv: readonly string[];
  readonly #server: Server;
  readonly #how: SessionHow;
  readonly #input = openTypedInput();
  readonly #lines: AsyncGenerator<string, void, undefined>;
  readonly #closing = new AbortController();
  #busy: Promise<unknown> = Promise.resolve();

  constructor(server: Server, program: Program, how: SessionHow) {
    this.#server = server;
    this.#how = how;
    this.#argv = programArgv(server, program, [
      ...SESSION_ARGS,
      ...(how.database === undefined ? [] : [`--database=${how.database}`]),
    ]);
    const signal = AbortSignal.any([how.signal, this.#closing.signal]);
    const toolHow = programHow(server, { signal, doing: how.doing, stdin: this.#input.chunks });
    this.#child = server.reach.exec(this.#argv, toolHow);
    this.#lines = linesOf(this.#child.stdout);
    for (const statement of how.settings ?? []) this.#input.add(`${statement};\n`);
  }

  /** Runs one statement; its rows, for a statement without a result none. Statements run in the order of the calls. */
  query(sql: string): Promise<Row[]> {
    // Sent at once: over a long way, the next question does not wait for the answer to the last.
    const end = `end-${randomHex(8)}`;
    this.#input.add(`${sql};\nSELECT '${end}';\n`);
    const answer = this.#busy.then(() => this.#rowsUntil(end));
    this.#busy = answer.catch(() => undefined);
    return answer;
  }

  async #rowsUntil(end: string): Promise<Row[]> {
    this.#how.signal.throwIfAborted();
    const rows: Row[] = [];
    for (;;) {
      const next = await this.#lines.next();
      if (next.done === true) throw await this.#failure();
      if (next.value === end) return rows;
      rows.push(next.value.split('\t').map(unescapeColumn));
    }
  }

  async #failure(): Promise<unknown> {
    const { doing } = this.#how;
    try {
      await expectSuccess(this.#child, this.#argv, programHow(this.#server, this.#how));
    } catch (error) {
      return error;
    }
    return new SuretyError('source.failed', `${doing}: the client program ended before it had answered`);
  }

  /** Ends the connection: what it holds, such as locks, is released, and an open transaction is rolled back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.end();
    // A statement that runs on is of no use to anybody.
    const timer = setTimeout(() => this.#closing.abort(), LAST_WORDS_MS);
    await this.#child.exit;
    clearTimeout(timer);
    // The generator holds the stream of a child that is gone.
    await this.#lines.return().catch(() => undefined);
  }
}

const LAST_WORDS_MS = 500;

const SESSION_ARGS = [
  '--batch',
  '--skip-column-names',
  '--unbuffered',
  '--no-auto-rehash',
  '--skip-reconnect',
  '--default-character-set=utf8mb4',
  '--max-allowed-packet=1G',
];

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    let all: Buffer =
      rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([rest, chunk]);
    for (let at = all.indexOf(10); at >= 0; at = all.indexOf(10)) {
      yield all.toString('utf8', 0, at);
      all = all.subarray(at + 1);
    }
    rest = all;
  }
}

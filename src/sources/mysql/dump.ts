import { displayName } from '../../base/names.ts';
import { programOutput, type Server } from './client.ts';
import { watchEnd } from './dump-end.ts';
import type { Tools } from './tools.ts';

export interface DumpRequest {
  readonly database: string;
  /** Only these; empty: all. */
  readonly tables: readonly string[];
  readonly exclude: readonly string[];
}

/** One database being written as SQL. */
export interface Dump {
  /** Resolves when its transaction has begun: from then on nothing that others write changes it. Or when it failed; `chunks` then throws. */
  begun(): Promise<void>;
  /** The whole dump. The last step throws unless the program ended well and wrote its last line. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Bytes given so far. */
  sizeBytes(): number;
  /** True once `chunks` came to its end. */
  whole(): boolean;
  /** Ends the program, if it runs. */
  close(): Promise<void>;
}

/** Starts the dump program; it stops by itself when nobody takes what it writes. */
export function startDump(server: Server, tools: Tools, request: DumpRequest, signal: AbortSignal): Dump {
  const doing = `${server.source}: dump of database ${displayName(request.database)}`;
  const output = programOutput(server, tools.dump, dumpArgs(server, tools, request), { signal, doing });
  const early: Uint8Array[] = [];
  let [givenBytes, whole, started] = [0, false, false];
  let begin: Promise<void> | undefined;

  async function readHead(): Promise<void> {
    let head = '';
    for (;;) {
      const next = await output.next();
      if (next.done === true) return;
      early.push(next.value);
      head += Buffer.from(next.value).toString('latin1');
      if (isBeyondHeader(head) || head.length > MOST_HEADER_BYTES) return;
    }
  }

  function beginning(): Promise<void> {
    begin ??= readHead();
    return begin;
  }

  async function* fromBeginning(): AsyncGenerator<Uint8Array, void, undefined> {
    await beginning();
    while (early.length > 0) yield early.shift()!;
    yield* output;
  }

  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    started = true;
    yield* watchEnd(fromBeginning(), doing, (sizeBytes) => {
      givenBytes += sizeBytes;
    });
    whole = true;
  }

  return {
    // Whoever reads the chunks gets the error.
    begun: () => beginning().catch(() => undefined),
    chunks: chunks(),
    sizeBytes: () => givenBytes,
    whole: () => whole,
    async close() {
      if (started && whole) return;
      await output.return().catch(() => undefined);
    },
  };
}

/** The options are spelled out so that option files of the user do not change what a dump is. */
export function dumpArgs({ options }: Server, { dump, version }: Tools, request: DumpRequest): string[] {
  const yes = (name: string, on: boolean) => (on ? `--${name}` : `--skip-${name}`);
  const args = [
    ...(options.single_transaction ? ['--single-transaction'] : []),
    '--skip-lock-tables',
    '--quick',
    yes('routines', options.routines),
    yes('triggers', options.triggers),
    yes('events', options.events),
    '--hex-blob',
    '--default-character-set=utf8mb4',
    '--set-charset',
    '--tz-utc',
    '--comments',
    '--skip-dump-date',
    '--add-drop-table',
    // With them a table whose default takes a sequence's value can not be loaded.
    '--skip-add-locks',
    '--extended-insert',
    '--no-tablespaces',
    '--max-allowed-packet=1G',
  ];
  if (dump.version.flavour === 'mysql') {
    args.push('--set-gtid-purged=OFF');
    if (version.flavour === 'mariadb') args.push('--column-statistics=0');
  }
  args.push(...request.exclude.map((table) => `--ignore-table=${request.database}.${table}`));
  return [...args, '--', request.database, ...request.tables];
}

/** No header is as long: what came after so many bytes was read in the transaction, however that program marks it. */
const MOST_HEADER_BYTES = 1 << 16;

/**
 * The header is written before the transaction begins, everything else after it; the last line of the header switches notes off. See
 * `main` in client/mysqldump.c (MySQL) and client/mysqldump.cc (MariaDB).
 */
function isBeyondHeader(head: string): boolean {
  return /SQL_NOTES=0 \*\/;\s+\S/.test(head);
}

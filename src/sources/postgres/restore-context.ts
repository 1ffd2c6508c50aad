import type { Restoring, ServerRestore, WriteHow, WriteReport } from '../source.ts';
import { runTool } from '../tool.ts';
import type { PostgresFacts } from './facts.ts';
import { explainer } from './postgres-error.ts';
import { connectionArgs, programOf, type Server, toolEnvironment } from './server.ts';
import { openMaintenance, type ServerFacts } from './server-facts.ts';
import type { Session } from './session.ts';

/** What a restore has done so far. */
export interface Tally {
  files: number;
  sizeBytes: number;
  skipped: number;
  readonly failed: { path: string; error: Error }[];
  readonly plan: WriteReport['plan'][number][];
  readonly checks: WriteReport['checks'][number][];
  readonly notes: string[];
}

/** What the server has before anything is restored into it. */
export interface Present {
  readonly facts: ServerFacts;
  readonly databases: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
  readonly tablespaces: ReadonlySet<string>;
  /** How many are connected to a database, where anybody is. */
  readonly connections: ReadonlyMap<string, number>;
}

export interface Restore {
  readonly server: Server;
  readonly restoring: Restoring;
  readonly how: WriteHow;
  readonly request: ServerRestore;
  /** What the snapshot says about itself; undefined for one that was made by something else. */
  readonly recorded: PostgresFacts['postgres'] | undefined;
  readonly present: Present;
  readonly tally: Tally;
}

/** A session in a database other than `apart`. */
export async function openAdmin(
  { server, how }: Pick<Restore, 'server' | 'how'>,
  doing: string,
  apart?: string,
): Promise<Session> {
  return await openMaintenance(server, { signal: how.signal, doing, side: 'target' }, apart);
}

/** The bytes of one entry, counted as they pass. */
export async function* countedBytes(
  { tally, how }: Restore,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    tally.sizeBytes += chunk.length;
    how.progress?.({ files: tally.files, sizeBytes: tally.sizeBytes });
    yield chunk;
  }
}

export interface ScriptHow {
  readonly database: string;
  readonly doing: string;
  readonly singleTransaction: boolean;
}

/**
 * The script as one transaction. psql's `--single-transaction` commits at the end of its input, which is also what a killed sender leaves:
 * here nothing counts unless the script came to its end.
 */
export async function* asTransaction(script: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from('BEGIN;\n');
  yield* script;
  yield Buffer.from('\nCOMMIT;\n');
}

/** Lets psql run a script that comes as a stream, up to its first error. */
export async function runScript(
  { server, how }: Pick<Restore, 'server' | 'how'>,
  script: AsyncIterable<Uint8Array>,
  { database, doing, singleTransaction }: ScriptHow,
): Promise<void> {
  const flags = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--output=/dev/null', '--file=-'];
  await runTool(server.reach, [programOf(server, 'psql'), ...flags, ...connectionArgs(server, database)], {
    signal: how.signal,
    doing,
    stdin: singleTransaction ? asTransaction(script) : script,
    env: toolEnvironment(server),
    explain: explainer({ server, doing, side: 'target' }),
  });
}

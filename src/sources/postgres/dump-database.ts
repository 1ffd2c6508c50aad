import { messageOf, SuretyError } from '../../base/errors.ts';
import { displayName } from '../../base/names.ts';
import type { DumpKind } from '../../rules/dump-trailer.ts';
import { keepAlive } from '../keep-alive.ts';
import type { ObjectFingerprint, TableFingerprint } from '../source.ts';
import { runTool, toolOutput } from '../tool.ts';
import { checkedDump } from './checked-dump.ts';
import { type Contents, listContents, partOfDatabase } from './contents.ts';
import { type DatabaseFacts, describeDatabase } from './describe-database.ts';
import { dumpArguments } from './dump-arguments.ts';
import type { DumpFolder } from './dump-folder.ts';
import { algorithmFor, nextNumbers, sequenceObjects, sumTables, useFixedSettings } from './fingerprint.ts';
import { explainer } from './postgres-error.ts';
import { connectionArgs, hostArgs, programOf, type Server, toolEnvironment } from './server.ts';
import { askServer, missingDatabase, openDatabase, type ServerFacts } from './server-facts.ts';
import type { Session } from './session.ts';

export interface DumpOrder {
  readonly database: string;
  /** Name of the file or folder in the snapshot. */
  readonly entry: string;
  /** Goes in front of names in the fingerprint. */
  readonly prefix: string;
  readonly signal: AbortSignal;
  /** As in `ReadHow`. */
  readonly alive?: (() => void) | undefined;
}

/** What is known of a database once its dump is whole. */
export interface DumpedDatabase {
  readonly facts: DatabaseFacts;
  readonly algorithm: string | undefined;
  readonly tables: readonly TableFingerprint[];
  readonly objects: readonly ObjectFingerprint[];
}

/**
 * Dumps one database with pg_dump, as a stream. What it contains is summed up meanwhile, in the transaction whose snapshot the dump
 * is of. `done` is called when all of the dump was taken and is whole.
 */
export async function* streamDump(
  server: Server,
  order: DumpOrder,
  done: (dumped: DumpedDatabase) => void,
): AsyncGenerator<Uint8Array> {
  await using transaction = await openTransaction(server, order);
  const { doing, signal, snapshot, facts } = transaction;
  const argv = dumpArguments(server, { database: order.database, snapshot, facts });
  const output = toolOutput(server.reach, argv, {
    signal,
    doing,
    env: toolEnvironment(server),
    explain: transaction.explain,
  });
  const kind: DumpKind = server.options.format === 'custom' ? 'postgres-custom' : 'postgres';
  try {
    yield* checkedDump(output, { kind, doing });
  } catch (error) {
    throw await transaction.causeOf(error);
  }
  done(await keepAlive(transaction.finish(), order.alive));
}

/** Name of the dump in its folder. */
export const DUMP_NAME = 'dump';

/** The same with several connections, into {@link DUMP_NAME} of a folder. */
export async function dumpToFolder(server: Server, order: DumpOrder, folder: DumpFolder): Promise<DumpedDatabase> {
  await using transaction = await openTransaction(server, order);
  const { doing, signal, snapshot, facts } = transaction;
  const argv = dumpArguments(server, {
    database: order.database,
    snapshot,
    facts,
    folder: `${folder.path}/${DUMP_NAME}`,
  });
  try {
    const how = { signal, doing, env: toolEnvironment(server), explain: transaction.explain };
    await keepAlive(runTool(server.reach, argv, how), order.alive, folder.isHere ? growthOf(folder) : undefined);
  } catch (error) {
    throw await transaction.causeOf(error);
  }
  return await keepAlive(transaction.finish(), order.alive);
}

/** Whether the files in a folder have more bytes than when that was last asked. */
function growthOf(folder: DumpFolder): () => Promise<boolean> {
  let lastBytes = -1;
  return async () => {
    const bytes = (await folder.files(DUMP_NAME)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const grew = bytes > lastBytes;
    lastBytes = bytes;
    return grew;
  };
}

interface Transaction extends AsyncDisposable {
  readonly doing: string;
  readonly signal: AbortSignal;
  readonly snapshot: string;
  readonly facts: ServerFacts;
  readonly explain: ReturnType<typeof explainer>;
  /** What made the dump fail: when the fingerprint failed before, its snapshot was gone. */
  causeOf(error: unknown): Promise<unknown>;
  /** Waits for the fingerprint. */
  finish(): Promise<DumpedDatabase>;
}

async function openTransaction(server: Server, order: DumpOrder): Promise<Transaction> {
  const { database, signal } = order;
  const doing = `dump of database ${displayName(database)}`;
  if (server.options.vacuumlo) await removeOrphans(server, database, signal);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const how = { signal: both, doing, side: 'source', lockTimeoutMs: server.options.lock_timeout } as const;
  await using opening = new AsyncDisposableStack();
  const session = opening.use(await openDatabase(server, database, how));
  await session.run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const facts = await askServer(session);
  const { snapshot } = await session.row<{ snapshot: string }>('SELECT pg_catalog.pg_export_snapshot() AS snapshot');
  const described = await describeDatabase(session, database, order.entry);
  if (described === undefined) throw missingDatabase(server, database, [], doing);
  const part = await partOfDatabase(session, server.options);
  const algorithm = algorithmFor(server.options.fingerprint, facts.number);
  const taking = algorithm === undefined ? undefined : takeFingerprint(session, server, facts, { algorithm, ...order });
  // Its failure is told by `finish`; a dump that is given up has nobody to tell.
  taking?.catch(() => {});
  const parts = opening.move();
  return {
    doing,
    signal,
    snapshot,
    facts,
    explain: explainer({ server, doing, side: 'source' }),
    async causeOf(error) {
      if (!/snapshot/.test(messageOf(error)) || taking === undefined) return error;
      return await taking.then(
        () => error,
        (earlier: unknown) => earlier,
      );
    },
    async finish() {
      const { tables, objects } = await finishFingerprint(session, await taking, order.prefix);
      await session.run('COMMIT');
      return { facts: { ...described, ...(part && { part }) }, algorithm, tables, objects };
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new SuretyError('source.failed', `${doing} was given up`));
      await taking?.catch(() => {});
      await parts.disposeAsync();
    },
  };
}

interface Taken {
  readonly contents: Contents;
  readonly tables: readonly TableFingerprint[];
  readonly numbers: ReadonlyMap<string, bigint>;
}

async function takeFingerprint(
  session: Session,
  { options }: Server,
  { recovering, number }: ServerFacts,
  { algorithm, prefix }: { readonly algorithm: string; readonly prefix: string },
): Promise<Taken> {
  // The server ends a query whose client is gone, instead of reading on for nobody.
  if (number >= 140_000) await session.run("SET client_connection_check_interval = '5s'");
  const contents = await listContents(session, options, !recovering);
  await useFixedSettings(session);
  const numbers = await nextNumbers(session, contents.sequences, prefix);
  return { contents, tables: await sumTables(session, contents.tables, { algorithm, prefix }), numbers };
}

/** Sequences do not belong to the transaction: what they gave out during the dump is seen at its end. */
async function finishFingerprint(session: Session, taken: Taken | undefined, prefix: string) {
  if (taken === undefined) return { tables: [], objects: [] };
  const after = await nextNumbers(session, taken.contents.sequences, prefix);
  const objects = taken.contents.objects.map((object) => ({ ...object, name: prefix + object.name }));
  return { tables: taken.tables, objects: [...sequenceObjects(taken.numbers, after), ...objects] };
}

async function removeOrphans(server: Server, database: string, signal: AbortSignal): Promise<void> {
  const doing = `vacuumlo of database ${displayName(database)}`;
  const connection =
    connectionArgs(server, database)
      .at(-1)
      ?.replace(/^--dbname=/, '') ?? '';
  await runTool(server.reach, [programOf(server, 'vacuumlo'), ...hostArgs(server), connection], {
    signal,
    doing,
    env: toolEnvironment(server),
    explain: explainer({ server, doing, side: 'source' }),
  });
}
